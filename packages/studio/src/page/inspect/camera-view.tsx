import { useEffect, useRef, useState } from 'preact/hooks';
import type { DetailedModelVersion } from '../api/types.ts';
import { tell, tellError } from '../state/notices.ts';
import { project } from '../state/projects.ts';
import { uploadImage } from '../state/uploads.ts';
import { t } from '../texts/index.ts';
import { Empty } from '../ui/controls.tsx';
import { Icon } from '../ui/icon.tsx';
import { inspectCamera } from './camera.ts';
import { type LiveFrame, LiveStage, type Past, remembered } from './live-stage.tsx';
import { useRate } from './use-rate.ts';

/** Inspects what the camera of this browser shows. Its images go to the server, which keeps none of them. */
export function CameraView({ version }: { version: DetailedModelVersion }) {
  const { inspect } = t.value;
  const [stream, setStream] = useState<MediaStream>();
  const [refusal, setRefusal] = useState<string>();
  const start = async () => {
    setRefusal(undefined);
    try {
      // Undefined where the page was not loaded from a secure address.
      if (!navigator.mediaDevices) throw new Error(inspect.camera.insecure);
      setStream(await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } }));
    } catch (error) {
      const isDenied = error instanceof DOMException && error.name === 'NotAllowedError';
      setRefusal(isDenied ? inspect.camera.denied : (error as Error).message);
    }
  };
  useEffect(() => () => stopTracks(stream), [stream]);
  if (stream) {
    return <Camera stream={stream} version={version} onStop={() => setStream(undefined)} />;
  }
  return (
    <Empty title={inspect.camera.title}>
      <p>{inspect.camera.hint}</p>
      {refusal !== undefined && (
        <p class="warning" role="alert">
          {refusal}
        </p>
      )}
      <button type="button" class="button primary" onClick={start}>
        <Icon name="camera" />
        {inspect.camera.start}
      </button>
    </Empty>
  );
}

interface CameraProps {
  readonly stream: MediaStream;
  readonly version: DetailedModelVersion;
  readonly onStop: () => void;
}

function Camera({ stream, version, onStop }: CameraProps) {
  const { inspect, app } = t.value;
  const video = useRef<HTMLVideoElement>(null);
  const [frame, setFrame] = useState<LiveFrame>();
  const [history, setHistory] = useState<readonly Past[]>([]);
  const [perSecond, count] = useRate();
  useEffect(() => {
    if (!video.current) return;
    video.current.srcObject = stream;
    const gone = new AbortController();
    const run = async (source: HTMLVideoElement) => {
      let id = 0;
      for await (const seen of inspectCamera(source, version, gone.signal)) {
        const { score, verdict } = seen.result;
        id += 1;
        const past = { id, score, verdict };
        count();
        setFrame(seen);
        setHistory((before) => remembered(before, past));
      }
    };
    run(video.current).catch((error) => {
      if (gone.signal.aborted) return;
      tellError(error);
      onStop();
    });
    return () => gone.abort();
  }, [stream, version]);
  const keep = () => {
    if (!frame) return;
    const name = `camera-${new Date().toISOString().replaceAll(/[:.]/g, '-')}.jpg`;
    uploadImage(project.value?.name ?? '', frame.image, name)
      .then(() => tell(inspect.camera.kept(name)))
      .catch(tellError);
  };
  return (
    <>
      <div class="toolbar">
        <button type="button" class="button" onClick={onStop}>
          <Icon name="pause" />
          {inspect.camera.stop}
        </button>
        <button type="button" class="button" disabled={!frame} onClick={keep}>
          <Icon name="plus" />
          {inspect.camera.keep}
        </button>
      </div>
      <video ref={video} class="visually-hidden" autoplay muted playsinline tabIndex={-1} />
      {frame ? (
        <LiveStage
          version={version}
          frame={{ ...frame, name: inspect.views.camera }}
          perSecond={perSecond}
          history={history}
        />
      ) : (
        <p class="quiet">{app.loading}</p>
      )}
    </>
  );
}

function stopTracks(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
