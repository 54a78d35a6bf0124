import type { FailedFile, UploadQueue } from '../state/upload-queue.ts';
import { uploadsOf } from '../state/uploads.ts';
import { t } from '../texts/index.ts';
import { Progress } from './controls.tsx';
import { Icon } from './icon.tsx';
import './upload-panel.css';

/** Files that could not be added, and are listed by name. */
const MOST_LISTED = 100;

/** How far the uploads of the project are, and what could not be added. */
export function UploadPanel({ project }: { project: string }) {
  const queue = uploadsOf(project);
  const { state, failed } = queue.progress.value;
  if (state === 'idle' && failed.length === 0) return null;
  return (
    <section class="panel upload-panel" aria-label={t.value.upload.title}>
      {state !== 'idle' && <Underway queue={queue} />}
      {failed.length > 0 && <Failed queue={queue} failed={failed} />}
    </section>
  );
}

function Underway({ queue }: { queue: UploadQueue }) {
  const { upload, app } = t.value;
  const { state, files, done, bytes, bytesDone, known, secondsLeft } = queue.progress.value;
  if (state === 'idle') return null;
  const size = `${megabytes(bytesDone)} / ${megabytes(bytes)} MB`;
  const parts = [upload[state], size, ...(known > 0 ? [upload.known(known)] : [])];
  return (
    <div class="underway">
      <Progress label={parts.join(' · ')} done={done} total={files} secondsLeft={secondsLeft} />
      <div class="toolbar">
        {state === 'running' ? (
          <button type="button" class="button" onClick={() => queue.pause()}>
            <Icon name="pause" />
            {upload.pause}
          </button>
        ) : (
          <button type="button" class="button" onClick={() => queue.resume()}>
            <Icon name="play" />
            {state === 'waiting' ? upload.retry : upload.resume}
          </button>
        )}
        <button type="button" class="button" onClick={() => queue.cancel()}>
          {app.cancel}
        </button>
      </div>
    </div>
  );
}

function Failed({ queue, failed }: { queue: UploadQueue; failed: readonly FailedFile[] }) {
  const { upload, app } = t.value;
  const more = failed.length - MOST_LISTED;
  return (
    <div>
      <div class="toolbar">
        <h2>{upload.failed(failed.length)}</h2>
        <button type="button" class="button plain end" onClick={() => queue.dismiss(failed)}>
          {upload.dismissAll}
        </button>
      </div>
      <ul class="failed-files">
        {failed.slice(0, MOST_LISTED).map((file) => (
          <li key={file.path}>
            <div>
              <code>{file.path}</code>
              <p class="small">{file.text}</p>
              <p class="quiet small">{file.remedy}</p>
            </div>
            <button
              type="button"
              class="button plain icon"
              aria-label={`${app.dismiss}: ${file.path}`}
              onClick={() => queue.dismiss([file])}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      {more > 0 && <p class="quiet small">{upload.more(more)}</p>}
    </div>
  );
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}
