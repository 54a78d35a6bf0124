import type { RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

/** Why there is no camera. */
type CameraFault = 'insecure' | 'denied' | 'missing' | 'busy';

interface UsedCamera {
  /** For the element that shows the camera. */
  readonly video: RefObject<HTMLVideoElement | null>;
  readonly fault: CameraFault | undefined;
  readonly isReady: boolean;
}

/**
 * Runs a camera of this computer or phone into a video element while the component is there.
 * @param wanted what the first camera was asked for; later values change nothing
 */
export function useCamera(wanted: MediaTrackConstraints): UsedCamera {
  const video = useRef<HTMLVideoElement>(null);
  const [fault, setFault] = useState<CameraFault>();
  const [isReady, setReady] = useState(false);
  useEffect(() => {
    let isGone = false;
    let stream: MediaStream | undefined;
    const stop = () => {
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    const start = async () => {
      stream = await navigator.mediaDevices.getUserMedia({ video: wanted });
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

function faultOf(error: unknown): CameraFault {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  return name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'missing';
}
