import { useEffect, useState } from 'preact/hooks';
import { ApiError } from '../api/client.ts';
import { follow } from '../api/events.ts';
import type { DetailedModelVersion, StreamInspection } from '../api/types.ts';
import { tellError } from '../state/notices.ts';
import { latestImage, latestMap, streamPath } from '../state/streams.ts';
import { t } from '../texts/index.ts';
import { type LiveFrame, LiveStage, type Past, remembered } from './live-stage.tsx';

interface LiveStreamProps {
  readonly name: string;
  readonly version: DetailedModelVersion;
}

/** What a stream of the server inspects right now. */
export function LiveStream({ name, version }: LiveStreamProps) {
  const { inspect } = t.value;
  const [frame, setFrame] = useState<LiveFrame>();
  const [latest, setLatest] = useState<StreamInspection>();
  const [history, setHistory] = useState<readonly Past[]>([]);
  useEffect(() => {
    const gone = new AbortController();
    const load = oneAtATime((event: StreamInspection) => loadFrame(name, event, gone.signal));
    const onInspection = (event: StreamInspection) => {
      setLatest(event);
      setHistory((before) => remembered(before, event));
      load(event, setFrame, (error) => gone.signal.aborted || tellError(error));
    };
    const url = streamPath(name, '/events');
    follow(url, { inspection: onInspection }, gone.signal);
    return () => gone.abort();
  }, [name]);
  return (
    <>
      {frame && latest ? (
        <LiveStage version={version} frame={frame} perSecond={latest.perSecond} history={history} />
      ) : (
        <p class="quiet">{inspect.streams.waiting}</p>
      )}
    </>
  );
}

/** The image and the map of an event, or of a later one: those of the server move on. */
async function loadFrame(
  name: string,
  event: StreamInspection,
  signal: AbortSignal,
): Promise<LiveFrame | undefined> {
  const [image, map] = await Promise.all([
    latestImage(name, signal),
    latestMap(name, signal).catch(noneOf),
  ]);
  // Outlines and colours of another image would mislead.
  if (image.id !== event.id) return undefined;
  return {
    image: image.content,
    name: event.image,
    result: event,
    map: map?.id === event.id ? map.content : undefined,
  };
}

/** A busy server may have no map. */
function noneOf(error: unknown): undefined {
  if (error instanceof ApiError) return undefined;
  throw error;
}

/** Loads one at a time: while one is loaded, only the latest event waits. */
function oneAtATime<Event, Result>(load: (event: Event) => Promise<Result | undefined>) {
  let isBusy = false;
  let waiting: Event | undefined;
  return async function next(
    event: Event,
    onLoaded: (result: Result) => void,
    onError: (error: unknown) => void,
  ): Promise<void> {
    waiting = event;
    if (isBusy) return;
    isBusy = true;
    while (waiting !== undefined) {
      const taken: Event = waiting;
      waiting = undefined;
      try {
        const result = await load(taken);
        if (result !== undefined) onLoaded(result);
      } catch (error) {
        onError(error);
      }
    }
    isBusy = false;
  };
}
