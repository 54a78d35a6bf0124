// Words that we avoid, each with what to write instead. A list of our own and not a spell checker's: most entries are
// phrases, and they are looked for in Markdown and in the comments, strings and help of sources alike.

/** In pages and sources. Once the sources are free of a word of the second list, it moves up here. */
const everywhere = [
  ['pictures?', 'image'],
  ['of which there (is|are) (none|no)', 'none'],
  ['slip of the pen', 'typing error'],
  ['took the place of', 'replaced'],
  ['(an image|a class|a step|a picture) each', 'one per image'],
  ['held against', 'compared with'],
  ['hold against', 'compare with'],
  ['without expectation but', 'state it plainly'],
  ['upon', 'on'],
  ['whilst', 'while'],
  ['hence', 'so'],
  ['lest', 'so that ... not'],
  ['nought', 'nothing, or 0'],
  ['wherefore', 'why'],
  ['for want of', 'without'],
  ['save for', 'except'],
  ['reckoned', 'computed'],
  ['(was|were|is|are) to hand', 'available'],
  ['(what|whether it) is off', 'anomalous; anomaly'],
];

/** In pages, as far as they are written by hand. Sources still have some of these. */
const inPages = [
  ['anew', 'again; recalibrate'],
  ['takes? the place of', 'replaces'],
  ['in the place of', 'instead of'],
  ['beside', 'next to; besides'],
  ['false alarms?', 'false positive'],
  ['made-up', 'synthetic'],
  ['(is|are) told (from|by)', 'is recognised by'],
  ['what is understood', 'how it is interpreted'],
  ['says? of (each|every|all)', 'tells you whether'],
  ['of today', 'current'],
  ['mended?', 'fix'],
  ['all else', 'everything else'],
  ['flatters?', 'come out too good'],
];

const toPattern = ([words, instead]) => ({
  pattern: new RegExp(`\\b(${words})\\b`, 'gi'),
  instead,
});
const forSources = everywhere.map(toPattern);
const forPages = [...everywhere, ...inPages].map(toPattern);

/** A page without its generated parts, whose words are those of sources. */
const byHand = (text) =>
  text.replaceAll(/<!-- generated:.*?<!-- \/generated -->/gs, (part) => part.replaceAll(/./g, ''));

/** @returns problems: one per word to avoid, with its line */
export const avoidedWords = ({ path, text }) =>
  path.endsWith('.md') ? find(path, byHand(text), forPages) : find(path, text, forSources);

function find(path, text, list) {
  return text
    .split('\n')
    .flatMap((line, at) =>
      list.flatMap(({ pattern, instead }) =>
        [...line.matchAll(pattern)].map(
          ([word]) => `${path}:${at + 1}: "${word}": write ${instead} instead`,
        ),
      ),
    );
}
