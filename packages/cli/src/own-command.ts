import { existsSync } from 'node:fs';
import { delimiter, dirname, join, resolve, sep } from 'node:path';

const names = process.platform === 'win32' ? ['bigrid.cmd', 'bigrid.exe'] : ['bigrid'];
/** Where npm puts the commands of a project; it prepends this folder to PATH while it runs one of them. */
const projectFolder = join('node_modules', '.bin');

/**
 * How to call Bigrid from where this process was called: `bigrid` if the shell finds it, `npx bigrid` in a project that
 * depends on it or if it was fetched for this one call.
 * @param folder where the next command will be typed
 * @param path folders that the shell searches for commands
 */
export function ownCommand(folder = process.cwd(), path = process.env.PATH ?? ''): string {
  const isIn = (place: string) => names.some((name) => existsSync(join(place, name)));
  if (foldersUpFrom(folder).some((above) => isIn(join(above, projectFolder)))) return 'npx bigrid';
  // npm's own folder is on PATH only while npm runs a command.
  const lasting = path
    .split(delimiter)
    .filter((place) => place !== '' && !place.replace(/[/\\]+$/, '').endsWith(sep + projectFolder));
  return lasting.some(isIn) ? 'bigrid' : 'npx bigrid';
}

function foldersUpFrom(folder: string): string[] {
  const here = resolve(folder);
  const above = dirname(here);
  return above === here ? [here] : [here, ...foldersUpFrom(above)];
}
