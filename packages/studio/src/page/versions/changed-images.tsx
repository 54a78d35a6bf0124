import { mapScaleOf } from '@bigrid/inspect';
import { useEffect, useState } from 'preact/hooks';
import { request } from '../api/client.ts';
import type { Comparison, DetailedModelVersion, Image } from '../api/types.ts';
import { originalUrl, thumbnailUrl } from '../state/images.ts';
import { type Inspection, inspectImage, type VersionName } from '../state/inspections.ts';
import { loadVersion } from '../state/model.ts';
import { tellError } from '../state/notices.ts';
import { project, projectPath } from '../state/projects.ts';
import { formatNumber, t } from '../texts/index.ts';
import { InspectedImage } from '../ui/inspected-image.tsx';
import { VerdictBadge } from '../ui/verdict.tsx';
import { useZoom, ZoomButtons } from '../ui/zoom.tsx';

type Changed = Comparison['changed'][number];

/** Images that are shown at first. */
const AT_FIRST = 24;

/** The images on which two versions differ, with both verdicts; one of them large, by both versions. */
export function ChangedImages({ comparison }: { comparison: Comparison }) {
  const { versions: text, inspect } = t.value;
  const name = project.value?.name ?? '';
  const [chosen, choose] = useState<number>();
  const [most, setMost] = useState(AT_FIRST);
  const { changed } = comparison;
  if (changed.length === 0) return null;
  const shown = changed.find(({ image }) => image === chosen);
  return (
    <>
      <h3>{text.changed(changed.length)}</h3>
      <ul class="changed-images">
        {changed.slice(0, most).map((one) => (
          <li key={one.image}>
            <button
              type="button"
              class="changed-image"
              aria-expanded={one.image === chosen}
              onClick={() => choose(one.image === chosen ? undefined : one.image)}
            >
              <img src={thumbnailUrl(name, { id: one.image })} alt="" loading="lazy" />
              <span class="small">
                {one.label === 'normal' ? text.labelGood : text.labelDefect}
              </span>
              <Verdicts changed={one} />
              <span class="visually-hidden">{inspect.strip}</span>
            </button>
          </li>
        ))}
      </ul>
      {changed.length > most && (
        <button type="button" class="button" onClick={() => setMost(most + AT_FIRST)}>
          {text.more(changed.length - most)}
        </button>
      )}
      {shown && <BothVersions key={shown.image} comparison={comparison} image={shown.image} />}
    </>
  );
}

function Verdicts({ changed }: { changed: Changed }) {
  return (
    <>
      <span class="before-after">
        <VerdictBadge verdict={changed.first} />
        <span class="number">{formatNumber(changed.firstScore, 2)}</span>
      </span>
      <span class="before-after">
        <VerdictBadge verdict={changed.second} />
        <span class="number">{formatNumber(changed.secondScore, 2)}</span>
      </span>
    </>
  );
}

/** An image under the heat maps of two versions, which zoom in step. */
function BothVersions({ comparison, image }: { comparison: Comparison; image: number }) {
  const { versions: text, app } = t.value;
  const name = project.value?.name ?? '';
  const zoom = useZoom();
  const [both, setBoth] = useState<readonly Side[]>();
  const [described, describe] = useState<Image>();
  useEffect(() => {
    const gone = new AbortController();
    const sides = [comparison.first, comparison.second].map((version) =>
      loadSide(name, image, version, gone.signal),
    );
    Promise.all([
      request<Image>(projectPath(name, `/images/${image}`)).then(describe),
      Promise.all(sides).then(setBoth),
    ]).catch((error) => gone.signal.aborted || tellError(error));
    return () => gone.abort();
  }, [name, image]);
  if (!both || !described) return <p class="quiet">{app.loading}</p>;
  return (
    <div class="both-versions">
      <div class="toolbar">
        <h3>{described.name}</h3>
        <div class="end">
          <ZoomButtons zoom={zoom} />
        </div>
      </div>
      <div class="views">
        {both.map(({ version, result, map }) => (
          <figure key={version.version}>
            <figcaption class="before-after">
              {text.version(version.version)} <VerdictBadge verdict={result.verdict} />
            </figcaption>
            <div class="view">
              <InspectedImage
                zoom={zoom}
                src={originalUrl(name, described)}
                fallback={thumbnailUrl(name, described)}
                name={described.name}
                label={`${described.name}, ${text.version(version.version)}`}
                width={described.width}
                height={described.height}
                map={map}
                scale={mapScaleOf(version.manifest)}
                regions={result.regions}
              />
            </div>
          </figure>
        ))}
      </div>
    </div>
  );
}

/** What one version says of an image. */
interface Side extends Inspection {
  readonly version: DetailedModelVersion;
}

async function loadSide(
  name: string,
  image: number,
  { model, version }: VersionName,
  signal: AbortSignal,
): Promise<Side> {
  const [described, inspection] = await Promise.all([
    loadVersion(model, version),
    inspectImage(name, image, { model, version }, signal),
  ]);
  return { version: described, ...inspection };
}
