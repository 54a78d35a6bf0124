import { useState } from 'preact/hooks';
import type { ModelVersion } from '../api/types.ts';
import { t } from '../texts/index.ts';

interface CompareFormProps {
  readonly all: readonly ModelVersion[];
  readonly onCompare: (first: number, second: number) => void;
}

/** Chooses two versions: at first the one in use, and the newest other one. */
export function CompareForm({ all, onCompare }: CompareFormProps) {
  const { versions: text } = t.value;
  const [first, setFirst] = useState(() => all.find(({ isActive }) => isActive)?.version ?? 0);
  const [second, setSecond] = useState(
    () => all.find(({ version }) => version !== first)?.version ?? 0,
  );
  const choice = (label: string, value: number, onChange: (version: number) => void) => (
    <select
      class="input"
      aria-label={label}
      value={value}
      onChange={({ currentTarget }) => onChange(Number(currentTarget.value))}
    >
      {all.map(({ version, isActive }) => (
        <option key={version} value={version}>
          {isActive ? `${version} (${text.inUse})` : version}
        </option>
      ))}
    </select>
  );
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    onCompare(first, second);
  };
  return (
    <form class="toolbar end" onSubmit={submit}>
      {choice(text.before, first, setFirst)}
      {choice(text.after, second, setSecond)}
      <button type="submit" class="button" disabled={first === second}>
        {text.compare}
      </button>
    </form>
  );
}
