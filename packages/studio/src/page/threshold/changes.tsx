import { ApiError } from '../api/client.ts';
import { tellError } from '../state/notices.ts';
import { t } from '../texts/index.ts';
import { Icon } from '../ui/icon.tsx';
import { type Judging, type SavedRules, save, setRules } from './judging.ts';

interface ChangesProps {
  readonly judging: Judging;
  /** The settings before the last save, which can be undone. */
  readonly before: SavedRules | undefined;
  readonly onSaving: (isSaving: boolean) => void;
  readonly onSaved: (before: SavedRules | undefined) => void;
}

/** Saves the rules, or takes them back. */
export function Changes({ judging, before, onSaving, onSaved }: ChangesProps) {
  const text = t.value.threshold;
  const { version, draft, isChanged, error } = judging;
  const change = async (act: () => Promise<SavedRules | undefined>) => {
    onSaving(true);
    try {
      onSaved(await act());
    } catch (reason) {
      const isRefused = reason instanceof ApiError && reason.status === 403;
      tellError(isRefused ? new ApiError(403, refused(text.needsAdmin)) : reason);
    }
    onSaving(false);
  };
  const undo = async () => {
    if (before) await setRules(version, before);
    return undefined;
  };
  return (
    <div class="toolbar">
      <button
        type="button"
        class="button primary"
        disabled={!isChanged.value || error.value !== undefined}
        onClick={() => change(() => save(judging))}
      >
        {text.save}
      </button>
      {isChanged.value && (
        <button
          type="button"
          class="button"
          onClick={() => {
            draft.value = {};
          }}
        >
          {text.discard}
        </button>
      )}
      <button
        type="button"
        class="button"
        onClick={() => {
          draft.value = version.asTrained;
        }}
      >
        {text.asTrained}
      </button>
      {before && !isChanged.value && (
        <span class="toolbar" role="status">
          {text.saved}
          <button type="button" class="button" onClick={() => change(undo)}>
            <Icon name="undo" />
            {text.undo}
          </button>
        </span>
      )}
    </div>
  );
}

function refused(error: string) {
  return { code: 'FORBIDDEN', error, remedy: '' };
}
