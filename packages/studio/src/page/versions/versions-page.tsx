import { useEffect, useState } from 'preact/hooks';
import { loadModel, model, versions } from '../state/model.ts';
import { tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import { go, hashOf, route } from '../state/route.ts';
import { t } from '../texts/index.ts';
import { Empty } from '../ui/controls.tsx';
import './versions-page.css';
import { Comparing } from './comparing.tsx';
import { type History, loadHistory } from './history.ts';
import { Learn } from './learn.tsx';
import { VersionList } from './version-list.tsx';

/** The versions of the project's model: what has been learned since, how they compare, and which is in use. */
export default function VersionsPage() {
  const { versions: text, pages } = t.value;
  const name = project.value?.name ?? '';
  const [history, setHistory] = useState<History>();
  const load = () =>
    Promise.all([loadModel(), loadHistory(name).then(setHistory)]).catch(tellError);
  useEffect(() => {
    load();
  }, [name]);
  const all = versions.value;
  const active = model.value;
  const known = all?.map(({ version }) => version) ?? [];
  const pair = pairOf(route.value.detail, known) ?? candidatePair(active?.version, history, known);
  return (
    <>
      <div class="page-head">
        <h1>{pages.versions}</h1>
      </div>
      {active === null && (
        <Empty title={text.none}>
          <a class="button primary" href={hashOf({ project: name, page: 'train' })}>
            {pages.train}
          </a>
        </Empty>
      )}
      {active && history && (
        <Learn key={active.version} active={active} history={history} onMade={load} />
      )}
      {active && all && history && pair && (
        <Comparing
          key={pair.join()}
          pair={{ model: active.model, first: pair[0], second: pair[1] }}
          all={all}
          history={history}
          onChange={load}
        />
      )}
      {active && all && history && (
        <VersionList all={all} history={history} onChange={load} onCompare={showComparison} />
      )}
    </>
  );
}

/** The two versions that the URL names, such as `3-4`, if there are these. */
function pairOf(
  detail: string | undefined,
  known: readonly number[],
): readonly [number, number] | undefined {
  const [first = 0, second = 0] = (detail ?? '').split('-').map(Number);
  return known.includes(first) && known.includes(second) && first !== second
    ? [first, second]
    : undefined;
}

/** The version in use, and the one that was learned from its marks and waits to be adopted. */
function candidatePair(
  active: number | undefined,
  history: History | undefined,
  known: readonly number[],
): readonly [number, number] | undefined {
  const { request, result } = history?.latest ?? {};
  const made = Number(result?.version);
  const isOfActive = active !== undefined && request?.version === active;
  return isOfActive && known.includes(made) && made !== active ? [active, made] : undefined;
}

function showComparison(first: number, second: number): void {
  go({ project: project.value?.name, page: 'versions', detail: `${first}-${second}` });
}
