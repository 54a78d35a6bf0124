// Words that we avoid, each with what to write instead. A list of our own and not a spell checker's: most entries are
// phrases, and they are looked for in Markdown and in the comments, strings and help of sources alike.

const avoided = [
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
  ['of today', 'current'],
  ['all else', 'everything else'],
  ['(what|whether it) is off', 'anomalous; anomaly'],
  ['(was|were|is|are) (to|at) hand', 'available'],
  ['put right', 'fix'],
  ['hears? of', 'is notified of'],
  ['insists? on', 'requires'],
  ['begun anew', 'started again'],
  ['anew', 'again; recalibrate'],
  ['takes? the place of', 'replaces'],
  ['in the place of', 'instead of'],
  ['beside', 'next to; besides'],
  ['false alarms?', 'false positive'],
  ['made-up', 'synthetic'],
  ['(is|are) told (from|by)', 'is recognised by'],
  ['what is understood', 'how it is interpreted'],
  ['says? of (each|every|all)', 'tells you whether'],
  ['mended?', 'fix'],
  ['flatters?', 'come out too good'],
  ['one a (line|class|image)', 'one per line'],
  [
    'an? (line|row|model|folder|object) an? (line|image|class|run|folder|stage)',
    'a line per image',
  ],
  ['said to be', 'state the fact'],
  ['let by', 'missed'],
  ['(image|line|byte)s? in work', 'in progress'],
];

const toPattern = ([words, instead]) => ({
  pattern: new RegExp(`\\b(${words})\\b`, 'gi'),
  instead,
});
const patterns = avoided.map(toPattern);

/** A page without its generated parts, whose words are those of sources. */
const byHand = (text) =>
  text.replaceAll(/<!-- generated:.*?<!-- \/generated -->/gs, (part) => part.replaceAll(/./g, ''));

/** @returns problems: one per word to avoid, with its line */
export const avoidedWords = ({ path, text }) => find(path, byHand(text));

function find(path, text) {
  return text
    .split('\n')
    .flatMap((line, at) =>
      patterns.flatMap(({ pattern, instead }) =>
        [...line.matchAll(pattern)].map(
          ([word]) => `${path}:${at + 1}: "${word}": write ${instead} instead`,
        ),
      ),
    );
}
