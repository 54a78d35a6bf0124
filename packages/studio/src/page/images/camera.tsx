import { useEffect, useRef, useState } from 'preact/hooks';
import { tellError } from '../state/notices.ts';
import { t } from '../texts/index.ts';
import { Icon } from '../ui/icon.tsx';
import { addFiles } from './uploads.ts';

interface CameraProps {
  readonly project: string;
  readonly onClose: () => void;
}

type Fault = 'insecure' | 'denied' | 'missing' | 'busy';

/** Takes images by a camera of this computer or phone, one by each press. */
export function Camera({ project, onClose }: CameraProps) {
  const { shots } = t.value.images;
  const { video, fault, isReady } = useCamera();
  const [taken, setTaken] = useState(0);
  const take = async () => {
    try {
      const file = await shotOf(video.current as HTMLVideoElement);
      await addFiles(project, [{ file, path: file.name }]);
      setTaken((count) => count + 1);
    } catch (error) {
      tellError(error);
    }
  };
  return (
    <section class="panel camera" aria-label={shots.title}>
      {fault ? (
        <p role="alert">{shots[fault]}</p>
      ) : (
        <video ref={video} muted playsInline aria-label={shots.title} />
      )}
      <div class="toolbar">
        {!fault && (
          <button type="button" class="button primary" disabled={!isReady} onClick={take}>
            <Icon name="camera" />
            {shots.take}
          </button>
        )}
        <span class="quiet small" role="status">
          {!fault && !isReady && shots.starting}
          {taken > 0 && shots.taken(taken)}
        </span>
        <button type="button" class="button end" onClick={onClose}>
          {shots.close}
        </button>
      </div>
    </section>
  );
}

/** Runs the camera into a video element while the component is there. */
function useCamera() {
  const video = useRef<HTMLVideoElement>(null);
  const [fault, setFault] = useState<Fault>();
  const [isReady, setReady] = useState(false);
  useEffect(() => {
    let isGone = false;
    let stream: MediaStream | undefined;
    const stop = () => {
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    const start = async () => {
      stream = await navigator.mediaDevices.getUserMedia({
        // Phones have one at the back, and the finest that there is.
        video: { facingMode: 'environment', width: { ideal: 4096 }, height: { ideal: 4096 } },
      });
      if (isGone || !video.current) return stop();
      video.current.srcObject = stream;
      await video.current.play();
      setReady(true);
    };
    if (!isSecureContext) setFault('insecure');
    else start().catch((error) => !isGone && setFault(faultOf(error)));
    return () => {
      isGone = true;
      stop();
    };
  }, []);
  return { video, fault, isReady };
}

function faultOf(error: unknown): Fault {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  return name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'missing';
}

/** What the camera sees now, without loss. */
async function shotOf(video: HTMLVideoElement): Promise<File> {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/png' });
  const time = new Date().toISOString().replaceAll(/[:.]/g, '-').replace('Z', '');
  return new File([blob], `camera-${time}.png`);
}
