import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { BigridError, fail } from '@bigrid/errors';
import { encodedImages, reasonOf } from '@bigrid/node/internal';

export interface FfmpegOptions {
  /** Ends the process. */
  readonly signal: AbortSignal;
  /** Milliseconds without an image after which the source counts as dead; for ever if left out. */
  readonly longestPause?: number | undefined;
  /** Removes secrets from what ffmpeg says. */
  readonly hide: (text: string) => string;
}

/** Characters of ffmpeg's messages that are kept. */
const MOST_TEXT = 4000;
/** Milliseconds that ffmpeg has to say goodbye to its camera. */
const GRACE = 2000;
/** A marker that ends a JPEG. */
const JPEG_END = Buffer.from([0xff, 0xd9]);

/**
 * Runs ffmpeg, and yields the JPEG images that it writes, whole ones only. While nobody asks for the next image, ffmpeg waits.
 * The process has ended when the generator has.
 * @param args what ffmpeg reads and how: see `cameraArguments`; none is interpreted by a shell
 * @throws FFMPEG_MISSING; SOURCE_UNAVAILABLE with what ffmpeg said, if it ends with an error or stops sending images
 */
export async function* imagesOfFfmpeg(
  args: readonly string[],
  { signal, longestPause, hide }: FfmpegOptions,
): AsyncGenerator<Buffer> {
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-MOST_TEXT);
  });
  const ended = endOf(child);
  const stop = () => end(child);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const watchdog = new Watchdog(longestPause, stop);
  try {
    await once(child, 'spawn').catch(missing);
    for await (const image of encodedImages(child.stdout, 'ffmpeg')) {
      watchdog.reset();
      // The last one is cut off if ffmpeg was ended.
      if (image.subarray(-2).equals(JPEG_END)) yield image;
    }
    const outcome = await ended;
    if (signal.aborted) return;
    if (watchdog.hasBarked) {
      fail('SOURCE_UNAVAILABLE', `Expected an image within ${longestPause} ms but received none`);
    }
    if (outcome !== 0) {
      const reason = hide(said).trim().split('\n').at(-1) || `exit code ${outcome}`;
      fail('SOURCE_UNAVAILABLE', `Expected images from ffmpeg but received: ${reason}`);
    }
  } finally {
    watchdog.stop();
    signal.removeEventListener('abort', stop);
    stop();
    await ended;
  }
}

/** @throws FFMPEG_MISSING */
export async function assertFfmpeg(): Promise<void> {
  const child = spawn('ffmpeg', ['-version'], { stdio: 'ignore', windowsHide: true });
  const ended = endOf(child);
  await once(child, 'spawn').catch(missing);
  await ended;
}

/** Its exit code or signal; undefined if it could not be started. */
async function endOf(child: ChildProcess): Promise<number | string | undefined> {
  const [code, signal] = await once(child, 'close').catch(() => []);
  return code ?? signal;
}

function end(child: ChildProcess): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill();
  const kill = setTimeout(() => child.kill('SIGKILL'), GRACE);
  child.once('exit', () => clearTimeout(kill));
}

const installing: Partial<Record<NodeJS.Platform, string>> = {
  linux: '`apt install ffmpeg`, or the same with the package manager of your distribution',
  darwin: '`brew install ffmpeg`',
  win32: '`winget install ffmpeg`',
};

function missing(cause: Error): never {
  const how = installing[process.platform];
  throw new BigridError(
    'FFMPEG_MISSING',
    `Expected the command ffmpeg, which decodes cameras and videos, but received: ${reasonOf(cause)}`,
    { cause, remedy: how && `Install ffmpeg 5.1 or newer: ${how}.` },
  );
}

/** Notices that something stopped happening. */
class Watchdog {
  readonly #timer: NodeJS.Timeout | undefined;
  #hasBarked = false;

  /** @param limit ms; none if undefined */
  constructor(limit: number | undefined, bark: () => void) {
    if (limit === undefined) return;
    this.#timer = setTimeout(() => {
      this.#hasBarked = true;
      bark();
    }, limit);
  }

  get hasBarked(): boolean {
    return this.#hasBarked;
  }

  reset(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
