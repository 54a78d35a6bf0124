// The command line as defined by the program, without running any command.

import { stripVTControlCharacters } from 'node:util';
import { program } from '../../packages/cli/src/main.ts';

const context = { signal: new AbortController().signal };

/** The names of all commands. */
export const commandNames = (await program([], context)).commands.map((command) => command.name());

/**
 * The program with the options of one command, whose action does nothing.
 *
 * @param output receives what it prints
 */
export async function idleProgram(name, output) {
  const root = await program(name === undefined ? [] : [name], context);
  const settings = {
    writeOut: output,
    writeErr: output,
    getOutHelpWidth: () => 80,
    getErrHelpWidth: () => 80,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  };
  for (const command of [root, ...root.commands]) command.configureOutput(settings);
  for (const command of root.commands) command.action(() => {});
  return root;
}

/** What `bigrid NAME --help` prints in 80 columns. */
async function helpOf(name) {
  let text = '';
  const root = await idleProgram(name, (piece) => {
    text += stripVTControlCharacters(piece);
  });
  (root.commands.find((command) => command.name() === name) ?? root).outputHelp();
  return text.trim();
}

/** The generated parts of the page about the command line. */
export async function commandParts() {
  const block = (text) => `\`\`\`text\n${text}\n\`\`\``;
  const sections = await Promise.all(
    commandNames.map(async (name) => `## bigrid ${name}\n\n${block(await helpOf(name))}`),
  );
  return { commands: sections.join('\n\n'), 'commands:all': block(await helpOf(undefined)) };
}
