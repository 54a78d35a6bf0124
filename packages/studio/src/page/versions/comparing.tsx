import type { ModelVersion } from '../api/types.ts';
import { cancelJob } from '../state/jobs.ts';
import { tell, tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import { go } from '../state/route.ts';
import { formatSeconds, t } from '../texts/index.ts';
import { Icon } from '../ui/icon.tsx';
import { JobProgress } from '../ui/job-progress.tsx';
import { ChangedImages } from './changed-images.tsx';
import { learnedByOne, type Pair, updateOf } from './comparison.ts';
import { ComparisonTable } from './comparison-table.tsx';
import { activate, type History, removeVersion } from './history.ts';
import { type Scoring, useComparison } from './use-comparison.ts';

interface ComparingProps {
  readonly pair: Pair;
  readonly all: readonly ModelVersion[];
  readonly history: History;
  readonly onChange: () => Promise<unknown>;
}

/** Two versions before and after, on the same images; the second can be adopted or discarded. */
export function Comparing({ pair, all, history, onChange }: ComparingProps) {
  const { versions: text, app } = t.value;
  const name = project.value?.name ?? '';
  const { images, comparison, scoring } = useComparison(name, pair);
  const second = all.find(({ version }) => version === pair.second);
  const close = () => go({ project: name, page: 'versions' });
  const change = async (changing: Promise<void>, done: string) => {
    try {
      await changing;
      close();
      await onChange();
      tell(done);
    } catch (error) {
      tellError(error);
    }
  };
  return (
    <section class="panel comparing" aria-labelledby="comparing">
      <div class="toolbar">
        <h2 id="comparing">{text.compared(pair.first, pair.second)}</h2>
        {second && !second.isActive && (
          <div class="toolbar end">
            <button
              type="button"
              class="button primary"
              onClick={() => change(activate(second), text.adopted(pair.second))}
            >
              <Icon name="check" />
              {text.adopt(pair.second)}
            </button>
            <button
              type="button"
              class="button danger"
              onClick={() => change(removeVersion(second), text.discarded(pair.second))}
            >
              {text.discard}
            </button>
          </div>
        )}
      </div>
      {scoring && <ScoringLine scoring={scoring} history={history} />}
      {images?.length === 0 && <p class="warning">{text.noTestImages}</p>}
      {!images && <p class="quiet">{app.loading}</p>}
      {comparison && (
        <>
          <ComparisonTable
            comparison={comparison}
            learned={learnedByOne(history, pair).filter((id) => images?.includes(id)).length}
            update={updateOf(history, comparison.second)}
          />
          <ChangedImages comparison={comparison} />
        </>
      )}
    </section>
  );
}

/** What is computed first, and how long that takes. */
function ScoringLine({
  scoring: { job, version, images },
  history: { secondsPerImage },
}: {
  scoring: Scoring;
  history: History;
}) {
  const { versions: text, app } = t.value;
  const time = secondsPerImage === undefined ? undefined : formatSeconds(secondsPerImage * images);
  return (
    <div class="running">
      <p class="quiet">{text.scoring(version, images, time)}</p>
      <JobProgress job={job} />
      <button type="button" class="button" onClick={() => cancelJob(job).catch(tellError)}>
        {app.cancel}
      </button>
    </div>
  );
}
