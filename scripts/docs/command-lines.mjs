// Command lines in the pages: the program of the command line understands each of them.

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

/** Words up to a comment, which begins with `#` or after a gap; quotes hold words together. */
function wordsOf(text) {
  const [line] = text.split(/\s{2,}|\s#/);
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c);
}

/** Lines that stand for many: `bigrid [options] [command]`, `bigrid inspect ...`. */
const isUsage = (words) => words.some((word) => /^\[|^<|\.\.\.$|…$/.test(word));

/** @returns problems: one per command line that the program refuses */
export async function refusedCommandLines(page) {
  const problems = [];
  for (const words of commandLines(page)) {
    const reason = await refusal(words);
    if (reason) problems.push(`${page.path}: bigrid ${words.join(' ')}: ${reason}`);
  }
  return problems;
}

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
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? undefined : said.split('\n')[0];
    }
    if (isBigridError(error)) return error.message;
    throw error;
  }
}
