import { readFile } from 'node:fs/promises';
import { isBigridError } from '@bigrid/errors';
import { FolderWatch, reasonOf, systemPath, type WatchedImage } from '@bigrid/node/internal';
import { assertFfmpeg, imagesOfFfmpeg } from '../../workers/ffmpeg.ts';
import type { AllowedFolders } from './allowed-folders.ts';
import { type CameraSource, cameraArguments } from './camera-arguments.ts';
import { originOf, type Source } from './definitions.ts';
import { newestOf } from './newest.ts';
import { Pauses } from './pauses.ts';
import type { StreamState } from './stream-state.ts';

/** An image to inspect. */
export interface Frame {
  /** Names it in results. */
  readonly name: string;
  /** Whether it is pointless to inspect it later. */
  readonly isLive: boolean;
  /** Bytes of an image file. */
  read(): Promise<Uint8Array>;
  /** Whether the outcome counts: if the image was incomplete, it is yielded again. */
  isFinal(wasRead: boolean): Promise<boolean>;
  /** Called once all sinks have the result. */
  done(): Promise<void>;
}

export interface SourceContext {
  readonly stream: string;
  readonly allowed: AllowedFolders;
  readonly state: StreamState;
  readonly signal: AbortSignal;
  /** The files of a watched folder that were inspected already. */
  readonly inspected: {
    has(image: WatchedImage): boolean;
    add(image: WatchedImage): Promise<void>;
  };
}

/** Milliseconds without a frame after which a camera counts as dead, at least. */
const LONGEST_PAUSE = 30_000;

/** Checks what can be checked of a source before it is used. @throws PATH_FORBIDDEN, PATH_MISSING, PATH_UNREADABLE, FFMPEG_MISSING */
export async function checkSource(source: Source, allowed: AllowedFolders): Promise<void> {
  if ('path' in source) await allowed.resolve(source.path);
  if (source.type !== 'folder') await assertFfmpeg();
}

/**
 * The images of a source, until the signal is aborted or a video is at its end. Whether it can be read is in the state.
 * @throws errors of a video; those of folders and cameras are in the state, and they are tried again
 */
export function framesOf(source: Source, context: SourceContext): AsyncGenerator<Frame> {
  switch (source.type) {
    case 'folder':
      return folderFrames(source.path, context);
    case 'video':
      return videoFrames(source, context);
    default:
      return newestOf(cameraFrames(source, context), () => context.state.countDropped());
  }
}

async function* folderFrames(path: string, context: SourceContext): AsyncGenerator<Frame> {
  const { inspected } = context;
  const watch = await openFolder(path, context);
  try {
    for await (const image of watch?.images() ?? []) {
      if (inspected.has(image)) continue;
      yield {
        name: image.path,
        isLive: false,
        read: () => readFile(systemPath(image.path)),
        isFinal: async (wasRead) => !(await watch?.putBack(image, wasRead)),
        done: () => inspected.add(image),
      };
    }
  } finally {
    await watch?.close();
  }
}

/** Opens a folder as soon as it exists. @returns undefined if stopped before that */
async function openFolder(
  path: string,
  { allowed, state, signal }: SourceContext,
): Promise<FolderWatch | undefined> {
  const pauses = new Pauses();
  while (!signal.aborted) {
    try {
      const watch = await FolderWatch.open(await allowed.resolve(path), {
        signal,
        onReachable: (reason) => state.waitFor('source', reason),
      });
      state.waitFor('source', undefined);
      return watch;
    } catch (error) {
      state.waitFor('source', reasonOf(error));
    }
    await pauses.wait(signal);
  }
  return undefined;
}

async function* videoFrames(
  source: CameraSource & { type: 'video' },
  { allowed, state, signal }: SourceContext,
): AsyncGenerator<Frame> {
  const path = await allowed.resolve(source.path);
  const images = imagesOfFfmpeg(cameraArguments(source, path), { signal, hide: (text) => text });
  let number = 0;
  for await (const image of images) {
    state.waitFor('source', undefined);
    yield frameOf(image, `${source.path}#${++number}`, false);
  }
}

/** Frames of a camera; it is opened again whenever it is lost. */
async function* cameraFrames(
  source: CameraSource,
  { stream, state, signal }: SourceContext,
): AsyncGenerator<Frame> {
  const pauses = new Pauses();
  const longestPause = Math.max(LONGEST_PAUSE, 3000 / (source.fps ?? 1));
  const hide = 'url' in source ? hider(source.url) : (text: string) => text;
  for (let number = 0; !signal.aborted; ) {
    try {
      const args = cameraArguments(source);
      for await (const image of imagesOfFfmpeg(args, { signal, longestPause, hide })) {
        state.waitFor('source', undefined);
        yield frameOf(image, `${stream}-${++number}.jpg`, true);
      }
      state.waitFor('source', 'The camera ended its stream');
    } catch (error) {
      if (!isBigridError(error)) throw error;
      state.waitFor('source', error.message);
    }
    await pauses.wait(signal);
  }
}

function frameOf(image: Uint8Array, name: string, isLive: boolean): Frame {
  return {
    name,
    isLive,
    read: async () => image,
    isFinal: async () => true,
    done: async () => {},
  };
}

/** Removes a URL, and what it holds besides the host, from messages of ffmpeg. */
function hider(address: string): (text: string) => string {
  const { username, password, pathname, search } = new URL(address);
  const secrets = [username, password, pathname.slice(1), search.slice(1)]
    .flatMap((secret) => [secret, decoded(secret)])
    .filter(({ length }) => length > 3);
  return (text) => {
    const shown = text.replaceAll(address, originOf(address)).replaceAll(/\/\/[^/\s]*@/g, '//');
    return secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), shown);
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
