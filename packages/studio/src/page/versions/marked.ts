import type { DetailedModelVersion, Image } from '../api/types.ts';
import { allImages } from '../state/images.ts';
import { loadScores } from '../state/inspections.ts';
import { type Mark, markOf } from '../state/marks.ts';

/** The images whose labels contradict the version in use. */
export interface Marked extends Readonly<Record<Mark, readonly Image[]>> {
  /** Number of labelled images without a score. */
  readonly unscored: number;
}

export async function loadMarked(project: string, active: DetailedModelVersion): Promise<Marked> {
  const [images, { images: ids, scores }] = await Promise.all([
    allImages(project),
    loadScores(project, active),
  ]);
  const scoreOf = new Map(ids.map((id, at) => [id, scores[at] as number]));
  const labelled = images.filter(({ label }) => label !== null);
  const marked = (mark: Mark) =>
    labelled.filter((image) => {
      const score = scoreOf.get(image.id);
      return score !== undefined && markOf(image, score, active.manifest.calibration) === mark;
    });
  return {
    falseAlarm: marked('falseAlarm'),
    missed: marked('missed'),
    unscored: labelled.filter(({ id }) => !scoreOf.has(id)).length,
  };
}
