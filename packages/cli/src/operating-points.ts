import { counted } from '@bigrid/errors';
import type { OperatingPoint } from '@bigrid/node/internal';
import { formatScore, paint, shellQuoted } from './output.ts';
import { ownCommand } from './own-command.ts';

interface Evaluated {
  /** Model file. */
  readonly file: string;
  /** Folder of the images. */
  readonly dir: string;
  /** The mask of this run. */
  readonly mask?: string | undefined;
  /** Number of images with each label. */
  readonly good: number;
  readonly defects: number;
}

/** Lines that list thresholds to choose from, each with the command that sets it. */
export function describePoints(points: readonly OperatingPoint[], evaluated: Evaluated): string[] {
  if (points.length === 0) return [];
  const { good, defects } = evaluated;
  const described = points.flatMap(({ rule, threshold, truePositives, falsePositives }) => [
    `  ${paint('bold', nameOf(rule), process.stderr)}: threshold ${formatScore(threshold, threshold)}, ${truePositives} of ${counted(defects, 'defect')} detected, ${counted(falsePositives, 'false positive')} among ${good} good images`,
    `    ${ownCommand()} calibrate ${calibrateWords(evaluated, rule, threshold)}`,
  ]);
  return [
    '',
    'Operating points, chosen on these test images: expect slightly worse results on new ones.',
    ...described,
  ];
}

/** A number can be set directly; with a mask, good images have to be scored again. */
function calibrateWords({ file, dir, mask }: Evaluated, rule: string, threshold: number): string {
  const model = shellQuoted(file);
  if (mask === undefined) return `${model} --threshold ${threshold} --out ${model}`;
  const images = `${shellQuoted(dir)} --mask ${shellQuoted(mask)}`;
  return `${model} ${images} --threshold ${rule} --out ${model}`;
}

function nameOf(rule: string): string {
  const [, share] = /^recall:(.+)$/.exec(rule) ?? [];
  return share === undefined ? 'best F1' : `${Number((Number(share) * 100).toFixed(6))} % recall`;
}
