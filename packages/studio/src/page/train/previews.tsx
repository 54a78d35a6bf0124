import { useEffect, useState } from 'preact/hooks';
import { request, send } from '../api/client.ts';
import { type AnomalyMap, parseNpy } from '../api/npy.ts';
import type { Image, Job } from '../api/types.ts';
import { thumbnailUrl } from '../state/images.ts';
import { tellError } from '../state/notices.ts';
import { projectPath } from '../state/projects.ts';
import { formatNumber, t } from '../texts/index.ts';
import { HeatMap } from '../ui/heat-map.tsx';
import type { Preview } from './training.ts';

interface PreviewsProps {
  readonly project: string;
  readonly job: Job;
  readonly previews: readonly Preview[];
}

/** What the model makes of a few images as it learns: the latest, or an earlier moment that is chosen. */
export function Previews({ project, job, previews }: PreviewsProps) {
  const text = t.value.train;
  const [chosen, choose] = useState<number>();
  const last = previews.length - 1;
  const at = Math.min(chosen ?? last, last);
  const preview = previews[at];
  const images = useImages(project, preview?.images ?? []);
  const shown = useMaps(job, preview);
  if (!preview) return null;
  return (
    <section class="train-previews" aria-label={text.previews}>
      <div class="toolbar">
        <h2>{text.previews}</h2>
        <label class="moment end">
          <span class="quiet small number">{text.afterSteps(formatNumber(preview.step))}</span>
          <input
            type="range"
            aria-label={text.moment}
            aria-valuetext={text.afterSteps(formatNumber(preview.step))}
            min={0}
            max={last}
            value={at}
            disabled={last === 0}
            onInput={({ currentTarget }) => {
              const to = Number(currentTarget.value);
              // At the end it moves on with the training.
              choose(to === last ? undefined : to);
            }}
          />
        </label>
      </div>
      <ul>
        {preview.images.map((id) => (
          <PreviewImage
            key={id}
            project={project}
            id={id}
            image={images.get(id)}
            map={shown?.maps.get(id)}
            scale={(shown?.preview ?? preview).scale}
          />
        ))}
      </ul>
    </section>
  );
}

interface PreviewImageProps {
  readonly project: string;
  readonly id: number;
  readonly image: Image | undefined;
  readonly map: AnomalyMap | undefined;
  readonly scale: Preview['scale'];
}

function PreviewImage({ project, id, image, map, scale }: PreviewImageProps) {
  const text = t.value.train;
  const isDefect = image?.label === 'defect';
  const label = isDefect ? (image.kind ?? text.defect) : text.good;
  return (
    <li>
      <div class="layers">
        <img src={thumbnailUrl(project, { id })} alt={image?.name ?? ''} decoding="async" />
        {map && <HeatMap map={map} scale={scale} label={text.mapOf(image?.name ?? '')} />}
      </div>
      {image && <span class={`badge ${isDefect ? 'tone-anomalous' : 'tone-normal'}`}>{label}</span>}
    </li>
  );
}

/** Images by their ids. */
function useImages(project: string, ids: readonly number[]): ReadonlyMap<number, Image> {
  const [images, setImages] = useState<ReadonlyMap<number, Image>>(new Map());
  const key = ids.join();
  useEffect(() => {
    const load = (id: number) => request<Image>(projectPath(project, `/images/${id}`));
    // An image that was deleted since has no name.
    Promise.all(ids.map((id) => load(id).catch(() => undefined))).then((all) =>
      setImages(new Map(all.flatMap((image) => (image ? [[image.id, image]] : [])))),
    );
  }, [project, key]);
  return images;
}

interface ShownMaps {
  readonly preview: Preview;
  readonly maps: ReadonlyMap<number, AnomalyMap>;
}

/** The maps of a preview; those of the one before until they are there, so that nothing flickers. */
function useMaps(job: Job, preview: Preview | undefined): ShownMaps | undefined {
  const [shown, setShown] = useState<ShownMaps>();
  useEffect(() => {
    if (!preview) return;
    const gone = new AbortController();
    const load = async (image: number) => {
      const path = `v1/jobs/${job.id}/previews/${preview.step}/${image}`;
      const response = await send(path, { accept: 'application/x-npy', signal: gone.signal });
      return [image, parseNpy(await response.arrayBuffer())] as const;
    };
    Promise.all(preview.images.map(load))
      .then((maps) => setShown({ preview, maps: new Map(maps) }))
      .catch((error) => {
        if (!gone.signal.aborted) tellError(error);
      });
    return () => gone.abort();
  }, [job.id, preview]);
  return shown;
}
