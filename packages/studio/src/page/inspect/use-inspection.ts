import { useEffect, useState } from 'preact/hooks';
import type { AnomalyMap } from '../api/npy.ts';
import type { InspectionResult } from '../api/types.ts';
import { inspectImage, loadMap, type VersionName } from '../state/inspections.ts';
import { tellError } from '../state/notices.ts';

export interface Inspected {
  readonly image: number;
  readonly result: InspectionResult;
  /** Undefined until it has come. */
  readonly map: AnomalyMap | undefined;
}

/** What a version says of an image, once it has said it. @param onScore is told the score */
export function useInspection(
  project: string,
  image: number,
  { model, version }: VersionName,
  onScore: (image: number, score: number) => void,
): Inspected | undefined {
  const [inspected, setInspected] = useState<Inspected>();
  useEffect(() => {
    const { signal, abort } = abortable();
    const load = async () => {
      const result = await inspectImage(project, image, { model, version }, signal);
      setInspected({ image, result, map: undefined });
      onScore(image, result.score);
      setInspected({
        image,
        result,
        map: await loadMap(project, image, { model, version }, signal),
      });
    };
    load().catch((error) => signal.aborted || tellError(error));
    return abort;
  }, [project, image, model, version]);
  // Never that of the image before.
  return inspected?.image === image ? inspected : undefined;
}

function abortable() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
