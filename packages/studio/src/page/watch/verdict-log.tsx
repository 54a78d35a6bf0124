import { useEffect, useState } from 'preact/hooks';
import { request, send } from '../api/client.ts';
import type { InspectionPage } from '../api/types.ts';
import { tellError } from '../state/notices.ts';
import { formatNumber, formatTime, t } from '../texts/index.ts';
import { Icon } from '../ui/icon.tsx';

type Inspection = InspectionPage['inspections'][number];
type Verdict = Inspection['verdict'];

interface VerdictLogProps {
  readonly model: string;
  /** ISO 8601; all there is if undefined. */
  readonly from: string | undefined;
}

const PATH = 'v1/inspections';
const LIMIT = 50;
const verdicts: readonly Verdict[] = ['normal', 'unsure', 'anomalous'];

/** Every verdict of the time shown, newest first, with search and as CSV. */
export function VerdictLog({ model, from }: VerdictLogProps) {
  const { watch } = t.value;
  const [search, setSearch] = useState('');
  const [verdict, setVerdict] = useState<Verdict>();
  const [page, setPage] = useState<InspectionPage>();
  const filter = { model, from, verdict, search: search === '' ? undefined : search };
  useEffect(() => {
    const gone = new AbortController();
    request<InspectionPage>(PATH, { query: { ...filter, limit: LIMIT }, signal: gone.signal }).then(
      setPage,
      (error: unknown) => {
        if (!gone.signal.aborted) tellError(error);
      },
    );
    return () => gone.abort();
  }, [model, from, verdict, search]);
  const older = async () => {
    if (!page?.next) return;
    const query = { ...filter, limit: LIMIT, cursor: page.next };
    const more = await request<InspectionPage>(PATH, { query });
    setPage({ ...more, inspections: [...page.inspections, ...more.inspections] });
  };
  return (
    <section class="panel verdict-log">
      <div class="toolbar">
        <h2>{watch.log}</h2>
        <input
          class="input end"
          type="search"
          placeholder={watch.search}
          aria-label={watch.search}
          value={search}
          onInput={({ currentTarget }) => setSearch(currentTarget.value)}
        />
        <select
          class="input"
          aria-label={watch.verdict}
          value={verdict ?? ''}
          onChange={({ currentTarget }) =>
            setVerdict(verdicts.find((name) => name === currentTarget.value))
          }
        >
          <option value="">{watch.anyVerdict}</option>
          {verdicts.map((name) => (
            <option key={name} value={name}>
              {watch.verdicts[name]}
            </option>
          ))}
        </select>
        <button type="button" class="button" onClick={() => download(filter).catch(tellError)}>
          <Icon name="export" />
          {watch.download}
        </button>
      </div>
      <VerdictTable inspections={page?.inspections ?? []} />
      {page?.next && (
        <button type="button" class="button" onClick={() => older().catch(tellError)}>
          {watch.older}
        </button>
      )}
    </section>
  );
}

function VerdictTable({ inspections }: { inspections: readonly Inspection[] }) {
  const { columns } = t.value.watch;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to take the keys that scroll it
    <section class="table-scroll" tabIndex={0} aria-label={t.value.watch.log}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{columns.at}</th>
            <th scope="col">{columns.name}</th>
            <th scope="col">{columns.source}</th>
            <th scope="col">{columns.verdict}</th>
            <th scope="col" class="number">
              {columns.score}
            </th>
            <th scope="col" class="number">
              {columns.threshold}
            </th>
            <th scope="col" class="number">
              {columns.version}
            </th>
          </tr>
        </thead>
        <tbody>
          {inspections.map((inspection) => (
            <VerdictRow key={inspection.id} {...inspection} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function VerdictRow({ at, name, source, verdict, unknown, score, threshold, version }: Inspection) {
  const { watch } = t.value;
  return (
    <tr>
      <td class="time">{formatTime(at)}</td>
      <td class="name">{name === '' ? <span class="quiet">{watch.noName}</span> : name}</td>
      <td>{source === 'http' ? watch.http : source.replace(/^stream:/, '')}</td>
      <td>
        <span class={`badge tone-${verdict}`}>{watch.verdicts[verdict]}</span>{' '}
        {unknown && <span class="badge tone-warning">{watch.unknown}</span>}
      </td>
      <td class="number">{formatNumber(score, 3)}</td>
      <td class="number">{formatNumber(threshold, 3)}</td>
      <td class="number">{version}</td>
    </tr>
  );
}

/** Saves all that match as a file: a link could not ask for CSV. */
async function download(query: Readonly<Record<string, string | undefined>>): Promise<void> {
  const response = await send(PATH, { query, accept: 'text/csv' });
  const url = URL.createObjectURL(await response.blob());
  Object.assign(document.createElement('a'), { href: url, download: 'inspections.csv' }).click();
  URL.revokeObjectURL(url);
}
