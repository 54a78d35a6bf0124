import { useEffect, useState } from 'preact/hooks';
import type { DetailedModelVersion } from '../api/types.ts';
import { tell, tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import { uploadsOf } from '../state/uploads.ts';
import { t } from '../texts/index.ts';
import { Empty } from '../ui/controls.tsx';
import { Icon } from '../ui/icon.tsx';
import { UploadPanel } from '../ui/upload-panel.tsx';
import { useCamera } from '../ui/use-camera.ts';
import { inspectCamera } from './camera.ts';
import { type LiveFrame, LiveStage, type Past, remembered } from './live-stage.tsx';
import { useRate } from './use-rate.ts';

interface OfVersion {
  readonly version: DetailedModelVersion;
}

const wanted = { width: { ideal: 1280 } };

/** Inspects what the camera of this browser shows. Its images go to the server, which keeps none of them. */
export function CameraView({ version }: OfVersion) {
  const { camera } = t.value.inspect;
  const [isOn, setOn] = useState(false);
  if (isOn) return <Camera version={version} onStop={() => setOn(false)} />;
  return (
    <Empty title={camera.title}>
      <p>{camera.hint}</p>
      <button type="button" class="button primary" onClick={() => setOn(true)}>
        <Icon name="camera" />
        {camera.start}
      </button>
    </Empty>
  );
}

function Camera({ version, onStop }: OfVersion & { readonly onStop: () => void }) {
  const { inspect, camera } = t.value;
  const name = project.value?.name ?? '';
  const { video, fault, isReady } = useCamera(wanted);
  const { frame, perSecond, history } = useInspected(
    isReady ? video.current : null,
    version,
    onStop,
  );
  useEffect(
    () => uploadsOf(name).onImages(([image]) => image && tell(inspect.camera.kept(image.name))),
    [name],
  );
  const keep = (image: Blob) => {
    const path = `camera-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.jpg`;
    uploadsOf(name).add([{ file: new File([image], path), path }], { label: 'none' });
  };
  return (
    <>
      <div class="toolbar">
        <button type="button" class="button" onClick={onStop}>
          <Icon name="pause" />
          {camera.stop}
        </button>
        <button
          type="button"
          class="button"
          disabled={!frame}
          onClick={() => frame && keep(frame.image)}
        >
          <Icon name="plus" />
          {inspect.camera.keep}
        </button>
      </div>
      <UploadPanel project={name} />
      {fault && (
        <p class="warning" role="alert">
          {camera[fault]}
        </p>
      )}
      <video ref={video} class="visually-hidden" muted playsInline tabIndex={-1} />
      {frame && (
        <LiveStage
          version={version}
          frame={{ ...frame, name: inspect.views.camera }}
          perSecond={perSecond}
          history={history}
        />
      )}
      {!frame && !fault && <p class="quiet">{camera.starting}</p>}
    </>
  );
}

/** What the camera shows, inspected image after image. @param video null until it plays */
function useInspected(
  video: HTMLVideoElement | null,
  version: DetailedModelVersion,
  onFailed: () => void,
) {
  const [frame, setFrame] = useState<LiveFrame>();
  const [history, setHistory] = useState<readonly Past[]>([]);
  const [perSecond, count] = useRate();
  useEffect(() => {
    if (!video) return;
    const gone = new AbortController();
    const run = async () => {
      let id = 0;
      for await (const seen of inspectCamera(video, version, gone.signal)) {
        const { score, verdict } = seen.result;
        id += 1;
        const past = { id, score, verdict };
        count();
        setFrame(seen);
        setHistory((before) => remembered(before, past));
      }
    };
    run().catch((error) => {
      if (gone.signal.aborted) return;
      tellError(error);
      onFailed();
    });
    return () => gone.abort();
  }, [video, version]);
  return { frame, perSecond, history };
}
