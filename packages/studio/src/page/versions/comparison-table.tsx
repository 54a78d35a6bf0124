import type { Comparison } from '../api/types.ts';
import { formatNumber, t } from '../texts/index.ts';

/** Above it, chance explains a difference well enough that none is claimed. */
const SIGNIFICANT = 0.05;

interface ComparisonTableProps {
  readonly comparison: Comparison;
  /** Images that only one of the versions has learned. */
  readonly learned: number;
  /** What became of the false positives that the second one was made to learn. */
  readonly update: { readonly images: number; readonly above: number } | undefined;
}

/** Counts before and after on the same images, and what they show: not more than the tests hold. */
export function ComparisonTable({ comparison, learned, update }: ComparisonTableProps) {
  const { versions: text } = t.value;
  const { first, second, normal, defects } = comparison;
  const sides = [first, second];
  return (
    <>
      <div class="table-scroll">
        <table class="table numbers">
          <caption class="quiet">{text.same(normal, defects)}</caption>
          <thead>
            <tr>
              <td />
              {sides.map(({ version }) => (
                <th key={version} class="number" scope="col">
                  {text.version(version)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <Row
              name={text.falseAlarmRow}
              values={sides.map(({ falseAlarms }) => text.of(falseAlarms, normal))}
            />
            <Row
              name={text.missedRow}
              values={sides.map(({ missed }) => text.of(missed, defects))}
            />
            <Row
              name={text.auroc}
              values={sides.map(({ auroc }) => (auroc == null ? '–' : formatNumber(auroc, 3)))}
            />
            <Row
              name={text.threshold}
              values={sides.map(({ threshold }) => formatNumber(threshold, 2))}
            />
          </tbody>
        </table>
      </div>
      {update && <p>{text.updated(update.images, update.above)}</p>}
      <p>{verdictWords(comparison)}</p>
      <p>{rankingWords(comparison)}</p>
      {learned > 0 && <p class="warning">{text.learnedNote(learned)}</p>}
    </>
  );
}

function Row({ name, values }: { name: string; values: readonly string[] }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      {values.map((value, index) => (
        <td key={index} class="number">
          {value}
        </td>
      ))}
    </tr>
  );
}

/** What McNemar's test says of the verdicts. */
function verdictWords({ first, second, mcNemar }: Comparison): string {
  const { versions: text } = t.value;
  const { firstOnly, secondOnly, pValue } = mcNemar;
  if (firstOnly + secondOnly === 0) return text.alike;
  const [better, worse] =
    secondOnly > firstOnly ? [second.version, first.version] : [first.version, second.version];
  const counts = {
    better,
    worse,
    n: firstOnly + secondOnly,
    right: Math.max(firstOnly, secondOnly),
  };
  const p = probability(pValue);
  return pValue > SIGNIFICANT ? text.noDifference(counts, p) : text.difference(counts, p);
}

/** What DeLong's test says of how well scores rank images, whatever the threshold. */
function rankingWords({ auroc }: Comparison): string {
  const { versions: text } = t.value;
  if (!auroc) return text.noAuroc;
  const { difference, low, high, pValue } = auroc;
  const [middle, from, to] = [difference, low, high].map((value) => formatNumber(value, 3));
  const words = text.aurocDifference(
    `${difference > 0 ? '+' : ''}${middle}`,
    from ?? '',
    to ?? '',
    probability(pValue),
  );
  return pValue > SIGNIFICANT ? `${words} ${text.noAurocDifference}` : words;
}

/** Such as `p = 0.03`. */
function probability(pValue: number): string {
  return pValue < 0.001 ? `p < ${formatNumber(0.001, 3)}` : `p = ${formatNumber(pValue, 3)}`;
}
