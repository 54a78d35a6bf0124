// Command lines in the pages: the program must accept each of them.

import { isBigridError } from '@bigrid/errors';
import { CommanderError } from 'commander';
import { commandNames, idleProgram } from './command-help.mjs';

const shell = new Set(['', 'sh', 'text', 'console']);

/** Every `bigrid ...` in the code blocks of a page, as words. */
export function commandLines({ tokens }) {
  return tokens
    .filter(({ type, lang = '' }) => type === 'code' && shell.has(lang))
    .flatMap(({ text }) => text.replaceAll(/\s*\\\n\s*/g, ' ').split('\n'))
    .flatMap((line) => line.split(/\s[|>&]{1,2}\s/))
    .map((part) => part.match(/^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:npx )?bigrid (.*)/)?.[1])
    .filter((rest) => rest !== undefined)
    .map(wordsOf)
    .filter((words) => !isUsage(words));
}

/** Words up to a comment, which starts with `#` or after a gap; quotes group words. */
function wordsOf(text) {
  const [line] = text.split(/\s{2,}|\s#/);
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c);
}

/** Placeholders: `bigrid [options] [command]`, `bigrid inspect ...`. */
const isUsage = (words) => words.some((word) => /^\[|^<|\.\.\.$|…$/.test(word));

/** Commands in running text, which need not be complete: `bigrid calibrate`, `bigrid train --tile auto`. */
const mentions = ({ tokens }) =>
  tokens
    .filter(({ type, text }) => type === 'codespan' && /^(npx )?bigrid [^-]/.test(text))
    .map(({ text }) => wordsOf(text.replace(/^(npx )?bigrid /, '')))
    .filter((words) => !isUsage(words));

/** @returns problems: one per command line that the program refuses, or mention of something that does not exist */
export async function refusedCommandLines(page) {
  const problems = [];
  const check = async (words, reasonOf) => {
    const reason = await reasonOf(words);
    if (reason) problems.push(`${page.path}: bigrid ${words.join(' ')}: ${reason}`);
  };
  for (const words of commandLines(page)) await check(words, refusal);
  for (const words of mentions(page)) await check(words, unknownPart);
  return problems;
}

/** @returns the unknown command or option in a mention, if any */
async function unknownPart([name, ...words]) {
  if (name === 'help' || name === 'COMMAND') return undefined;
  if (!commandNames.includes(name)) return `unknown command '${name}'`;
  const { commands } = await idleProgram(name, () => {});
  const { options } = commands.find((command) => command.name() === name);
  const known = new Set(['--help', ...options.map(({ long }) => long)]);
  const unknown = words.find((word) => word.startsWith('--') && !known.has(word));
  return unknown && `unknown option '${unknown}'`;
}

/** @returns the reason if the program refuses the words */
async function refusal(words) {
  const name = words.find((word) => commandNames.includes(word));
  let said = '';
  const program = await idleProgram(name, (text) => {
    said += text;
  });
  try {
    await program.parseAsync(words, { from: 'user' });
    return undefined;
  } catch (error) {
    if (isBigridError(error)) return error.message;
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? undefined : said.split('\n')[0];
  }
}
