import { useState } from 'preact/hooks';
import { tellError } from '../state/notices.ts';
import { t } from '../texts/index.ts';
import { Icon } from '../ui/icon.tsx';
import { useCamera } from '../ui/use-camera.ts';
import { addFiles } from './uploads.ts';

interface CameraProps {
  readonly project: string;
  readonly onClose: () => void;
}

// Phones have one at the back, and the finest that there is.
const wanted = { facingMode: 'environment', width: { ideal: 4096 }, height: { ideal: 4096 } };

/** Takes images by a camera of this computer or phone, one by each press. */
export function Camera({ project, onClose }: CameraProps) {
  const { camera, images } = t.value;
  const { shots } = images;
  const { video, fault, isReady } = useCamera(wanted);
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
        <p role="alert">{camera[fault]}</p>
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
          {!fault && !isReady && camera.starting}
          {taken > 0 && shots.taken(taken)}
        </span>
        <button type="button" class="button end" onClick={onClose}>
          {camera.stop}
        </button>
      </div>
    </section>
  );
}

/** What the camera sees now, without loss. */
async function shotOf(video: HTMLVideoElement): Promise<File> {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/png' });
  const time = new Date().toISOString().replaceAll(/[:.]/g, '-').replace('Z', '');
  return new File([blob], `camera-${time}.png`);
}
