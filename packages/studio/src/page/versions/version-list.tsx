import { useState } from 'preact/hooks';
import type { ModelVersion } from '../api/types.ts';
import { tell, tellError } from '../state/notices.ts';
import { session } from '../state/session.ts';
import { formatTime, t } from '../texts/index.ts';
import { CompareForm } from './compare-form.tsx';
import { activate, type History, removeVersion, setNote } from './history.ts';

interface VersionListProps {
  /** Newest first. */
  readonly all: readonly ModelVersion[];
  readonly history: History;
  readonly onChange: () => Promise<unknown>;
  readonly onCompare: (first: number, second: number) => void;
}

/** All versions: when and how each was made, notes, and which is in use. */
export function VersionList({ all, history, onChange, onCompare }: VersionListProps) {
  const { versions: text } = t.value;
  const { keysRequired, caller } = session.value ?? {};
  const isRestricted = keysRequired && caller?.role !== 'admin';
  return (
    <section class="panel" aria-labelledby="all-versions">
      <div class="toolbar">
        <h2 id="all-versions">{text.all}</h2>
        {all.length > 1 && <CompareForm all={all} onCompare={onCompare} />}
      </div>
      {isRestricted && <p class="quiet">{text.adminOnly}</p>}
      <div class="table-scroll">
        <table class="table versions">
          <thead>
            <tr>
              <th scope="col">{text.versionColumn}</th>
              <th scope="col">{text.made}</th>
              <th scope="col">{text.note}</th>
              <th scope="col">
                <span class="visually-hidden">{text.actions}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {all.map((version) => (
              <VersionRow
                key={version.version}
                version={version}
                history={history}
                onChange={onChange}
              />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface VersionRowProps extends Pick<VersionListProps, 'history' | 'onChange'> {
  readonly version: ModelVersion;
}

function VersionRow({ version, history, onChange }: VersionRowProps) {
  const { versions: text, app } = t.value;
  const [isAsking, ask] = useState(false);
  const { isActive, createdAt } = version;
  const maker = history.makers.get(version.version);
  const change = (changing: Promise<void>, done: string) =>
    changing
      .then(onChange)
      .then(() => tell(done))
      .catch(tellError);
  return (
    <tr>
      <th scope="row">
        {version.version} {isActive && <span class="badge tone-normal">{text.inUse}</span>}
      </th>
      <td>
        {formatTime(createdAt)}
        <div class="quiet small">{madeBy(maker?.request.kind)}</div>
      </td>
      <td>
        <Note version={version} onChange={onChange} />
      </td>
      <td>
        {!isActive && !isAsking && (
          <div class="toolbar">
            <button
              type="button"
              class="button"
              aria-label={`${text.use}: ${version.version}`}
              onClick={() => change(activate(version), text.adopted(version.version))}
            >
              {text.use}
            </button>
            <button
              type="button"
              class="button plain danger"
              aria-label={`${text.remove}: ${version.version}`}
              onClick={() => ask(true)}
            >
              {text.remove}
            </button>
          </div>
        )}
        {isAsking && (
          <div class="toolbar" role="alert">
            <span>{text.confirmRemove(version.version)}</span>
            <button
              type="button"
              class="button danger"
              onClick={() => change(removeVersion(version), text.discarded(version.version))}
            >
              {text.remove}
            </button>
            <button type="button" class="button" onClick={() => ask(false)}>
              {app.cancel}
            </button>
          </div>
        )}
      </td>
    </tr>
  );
}

function madeBy(kind: unknown): string {
  const { makers } = t.value.versions;
  return makers[kind as keyof typeof makers] ?? makers.upload;
}

/** The note of a version, edited in its place: Enter keeps it, Escape takes it back. */
function Note({ version, onChange }: Pick<VersionRowProps, 'version' | 'onChange'>) {
  const { versions: text } = t.value;
  const { note } = version;
  const save = (changed: string) => {
    if (changed !== note) setNote(version, changed).then(onChange).catch(tellError);
  };
  return (
    <input
      class="input note"
      aria-label={`${text.note}: ${version.version}`}
      placeholder={text.addNote}
      maxLength={1000}
      value={note}
      onBlur={({ currentTarget }) => save(currentTarget.value.trim())}
      onKeyDown={({ key, currentTarget }) => {
        if (key === 'Escape') currentTarget.value = note;
        if (key === 'Enter' || key === 'Escape') currentTarget.blur();
      }}
    />
  );
}
