import { useEffect, useState } from 'preact/hooks';
import { type Inspection, inspectImage, type VersionName } from '../state/inspections.ts';
import { tellError } from '../state/notices.ts';

export interface Inspected extends Inspection {
  readonly image: number;
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
      const inspection = await inspectImage(project, image, { model, version }, signal);
      setInspected({ image, ...inspection });
      onScore(image, inspection.result.score);
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
