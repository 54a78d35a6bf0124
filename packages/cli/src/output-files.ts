import { extname } from 'node:path';
import { fail } from '@bigrid/errors';
import { assertWritable } from '@bigrid/node/internal';

/** File extensions of results by flag. */
const endings = {
  '--report': ['.html', '.htm'],
  '--json': ['.json', '.txt'],
  '--csv': ['.csv', '.txt'],
} as const;

/**
 * Checks before a long run that results can be written, and that none would overwrite another kind of file, such as the
 * model itself. A name without an extension, such as `/dev/stdout`, is always accepted.
 * @param files by flag
 * @throws OPTION_INVALID, OUTPUT_UNWRITABLE
 */
export async function checkOutputFiles(
  files: Readonly<Partial<Record<keyof typeof endings, string | undefined>>>,
): Promise<void> {
  for (const [flag, file] of Object.entries(files)) {
    if (file === undefined) continue;
    const [first, ...others] = endings[flag as keyof typeof endings];
    const ending = extname(file).toLowerCase();
    if (ending !== '' && ending !== first && !others.some((other) => other === ending)) {
      fail('OPTION_INVALID', `Expected a file named ${first} for ${flag} but received ${file}`);
    }
    await assertWritable(file);
  }
}
