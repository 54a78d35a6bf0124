import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '../texts/index.ts';
import './kind-form.css';

/** Kinds that have a button of their own. */
const MOST_BUTTONS = 8;

interface KindFormProps {
  /** In use already. */
  readonly kinds: readonly string[];
  /** Empty if none was typed. */
  readonly onKind: (kind: string) => void;
  readonly onClose: () => void;
}

/** Asks for the kind of a defect, in a line. The focus goes back to where it was. */
export function KindForm({ kinds, onKind, onClose }: KindFormProps) {
  const { kindForm, app } = t.value;
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    input.current?.focus();
    return () => before instanceof HTMLElement && before.focus({ preventScroll: true });
  }, []);
  const choose = (kind: string) => {
    onClose();
    onKind(kind);
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    choose(input.current?.value.trim() ?? '');
  };
  return (
    <form class="kind-form" onSubmit={submit}>
      <label for={id}>{kindForm.kind}</label>
      <input
        ref={input}
        id={id}
        class="input"
        list={`${id}-kinds`}
        maxLength={64}
        autocomplete="off"
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          onClose();
        }}
      />
      <datalist id={`${id}-kinds`}>
        {kinds.map((kind) => (
          <option key={kind} value={kind} />
        ))}
      </datalist>
      {kinds.slice(0, MOST_BUTTONS).map((kind) => (
        <button key={kind} type="button" class="chip" onClick={() => choose(kind)}>
          {kind}
        </button>
      ))}
      <button type="submit" class="button primary">
        {kindForm.apply}
      </button>
      <button type="button" class="button" onClick={onClose}>
        {app.cancel}
      </button>
    </form>
  );
}
