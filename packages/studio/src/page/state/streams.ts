import { useEffect, useState } from 'preact/hooks';
import { request, send } from '../api/client.ts';
import { type AnomalyMap, parseNpy } from '../api/npy.ts';
import type { Stream } from '../api/types.ts';
import { tellError } from './notices.ts';

export type StreamSource = Stream['source'];
export type StreamSink = Stream['sinks'][number]['definition'];

/** Milliseconds after which the states of streams are asked for again. */
const REFRESH = 3000;

const PATH = 'v1/streams';

export function streamPath(name: string, rest = ''): string {
  return `${PATH}/${encodeURIComponent(name)}${rest}`;
}

/** The streams that a model inspects, kept up to date. @returns undefined until they are loaded; and what loads them now */
export function useStreams(
  model: string,
): readonly [streams: readonly Stream[] | undefined, load: () => Promise<void>] {
  const [streams, setStreams] = useState<readonly Stream[]>();
  const load = () => loadStreams(model).then(setStreams).catch(tellError);
  useEffect(() => {
    load();
    const timer = setInterval(() => document.hidden || load(), REFRESH);
    return () => clearInterval(timer);
  }, [model]);
  return [streams, load];
}

export async function loadStreams(model: string): Promise<Stream[]> {
  const streams = await request<Stream[]>(PATH);
  return streams.filter((stream) => stream.model === model);
}

/** Creates a stream and starts it. @throws ApiError */
export function createStream(stream: Pick<Stream, 'name' | 'model' | 'source'>): Promise<Stream> {
  return request(PATH, { method: 'POST', body: stream });
}

export function isRunning({ state }: Stream): boolean {
  return state.status === 'running' || state.status === 'waiting';
}

/** Gives a stream other sinks; the rest of it stays. @throws ApiError */
export async function setSinks(stream: Stream, sinks: readonly StreamSink[]): Promise<void> {
  const { name, source, model, version } = stream;
  await request(streamPath(name), { method: 'PUT', body: { source, model, version, sinks } });
  // The server starts what was changed.
  if (!isRunning(stream)) await setRunning(stream, false);
}

/** Sends a test message. @throws ApiError: RECEIVER_UNAVAILABLE */
export function testSink({ name }: Stream, sink: object): Promise<void> {
  return request(streamPath(name, '/test'), { method: 'POST', body: sink });
}

export function setRunning({ name }: Stream, isRunning: boolean): Promise<Stream> {
  return request(streamPath(name, isRunning ? '/start' : '/stop'), { method: 'POST' });
}

export function removeStream({ name }: Stream): Promise<void> {
  return request(streamPath(name), { method: 'DELETE' });
}

/** Something of the latest image, with the number of its event. */
interface Latest<Content> {
  readonly id: number;
  readonly content: Content;
}

/** The latest image that a stream inspected. @throws ApiError: NOT_FOUND if there is none yet */
export async function latestImage(name: string, signal: AbortSignal): Promise<Latest<Blob>> {
  const response = await send(streamPath(name, '/latest/image'), { accept: 'image/webp', signal });
  return { id: idOf(response), content: await response.blob() };
}

/** Its anomaly map. @throws ApiError: NOT_FOUND if there is none yet */
export async function latestMap(name: string, signal: AbortSignal): Promise<Latest<AnomalyMap>> {
  const accept = 'application/x-npy';
  const response = await send(streamPath(name, '/latest/map'), { accept, signal });
  return { id: idOf(response), content: parseNpy(await response.arrayBuffer()) };
}

/** The ETag begins with the number of the event. */
function idOf(response: Response): number {
  return Number(/\d+/.exec(response.headers.get('etag') ?? '')?.[0]);
}
