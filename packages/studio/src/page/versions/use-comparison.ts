import { useEffect, useRef, useState } from 'preact/hooks';
import type { Comparison, Job } from '../api/types.ts';
import { errorOf, isOver, latestJob, startJob, useJob } from '../state/jobs.ts';
import { tellError } from '../state/notices.ts';
import { loadComparison, missingScores, type Pair, testImages } from './comparison.ts';

/** Scores that are computed before versions can be compared. */
export interface Scoring {
  readonly job: Job;
  readonly version: number;
  readonly images: number;
}

export interface ComparisonState {
  /** The images that versions are compared on; undefined until they are loaded. */
  readonly images: readonly number[] | undefined;
  readonly comparison: Comparison | undefined;
  /** Undefined while nothing is computed. */
  readonly scoring: Scoring | undefined;
}

/** Compares two versions, after jobs have inspected the images of which a score is missing. */
export function useComparison(project: string, pair: Pair): ComparisonState {
  const [scoring, setScoring] = useState<Scoring>();
  const [images, setImages] = useState<readonly number[]>();
  const [comparison, setComparison] = useState<Comparison>();
  // Images that cannot be inspected still have no score after a job.
  const tried = useRef(new Set<number>());
  const advance = async () => {
    const tested = await testImages(project);
    setImages(tested);
    if (tested.length === 0) return;
    const missing = await missingScores(project, pair, tested);
    const [next] = [...missing].filter(([one, ids]) => ids.length > 0 && !tried.current.has(one));
    if (next) {
      const [version, ids] = next;
      tried.current.add(version);
      const job = await inspection(project, pair.model, version, ids);
      setScoring({ job, version, images: ids.length });
    } else {
      setScoring(undefined);
      setComparison(await loadComparison(project, pair));
    }
  };
  useEffect(() => {
    advance().catch(tellError);
  }, []);
  useJob(scoring?.job, ({ job }) => {
    setScoring((before) => before && { ...before, job });
    if (!isOver(job)) return;
    if (job.error) tellError(errorOf(job));
    advance().catch(tellError);
  });
  return { images, comparison, scoring };
}

/** The job that inspects images already, or a new one. */
async function inspection(
  project: string,
  model: string,
  version: number,
  images: readonly number[],
): Promise<Job> {
  const latest = await latestJob(project, 'inspect');
  const isSame = latest && !isOver(latest) && latest.request.version === version;
  return isSame ? latest : startJob({ kind: 'inspect', project, model, version, images });
}
