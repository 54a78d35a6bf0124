import { writeSyntheticLine } from '@bigrid/node/internal';
import { endWithParent } from './child-process.ts';
import { failureOf } from './failures.ts';
import type { SampleTask } from './sample-drawing.ts';

// The program of the process that draws sample images, and ends.

/** Enough to train in a minute, and for each figure of an evaluation to mean something. */
const counts = { goodCount: 40, testGoodCount: 10, defectCount: 4 };

endWithParent();
const { folder, seed } = JSON.parse(process.argv[2] as string) as SampleTask;
try {
  await writeSyntheticLine(folder, { ...counts, seed });
} catch (error) {
  const failure = failureOf(error, 'draw sample images');
  await new Promise<void>((resolve) =>
    process.send?.(failure, undefined, undefined, () => resolve()),
  );
}
process.disconnect?.();
