import type { Signal } from '@preact/signals';
import { t } from '../texts/index.ts';
import { Field } from '../ui/controls.tsx';

/** What a person chose for a training; empty texts leave it to the server. */
export interface ChosenOptions {
  readonly tile: boolean;
  readonly isLightFixed: boolean;
  readonly size: string;
  readonly epochs: string;
  readonly seed: string;
  readonly note: string;
}

export const usualOptions: ChosenOptions = {
  tile: false,
  isLightFixed: false,
  size: '',
  epochs: '',
  seed: '',
  note: '',
};

/** The request of a training. */
export function requestOf({ tile, isLightFixed, note, ...numbers }: ChosenOptions): object {
  const given = Object.entries(numbers).filter(([, text]) => text.trim() !== '');
  return {
    note,
    options: {
      ...Object.fromEntries(given.map(([name, text]) => [name, Number(text)])),
      ...(tile && { tile: 'auto' }),
      ...(isLightFixed && { light: 'fixed' }),
    },
  };
}

/** The options of a training, folded away: it needs none. */
export function Options({ chosen }: { chosen: Signal<ChosenOptions> }) {
  const { options: text } = t.value.train;
  const set = (part: Partial<ChosenOptions>) => {
    chosen.value = { ...chosen.value, ...part };
  };
  const field = (name: 'size' | 'epochs' | 'seed') => (
    <Field
      type="number"
      label={text[name]}
      hint={text.hints[name]}
      value={chosen.value[name]}
      onInput={(value) => set({ [name]: value })}
    />
  );
  return (
    <details class="train-options">
      <summary>{text.title}</summary>
      <div class="fields">
        <Choice
          label={text.tile}
          hint={text.hints.tile}
          isChosen={chosen.value.tile}
          onChange={(tile) => set({ tile })}
        />
        <Choice
          label={text.light}
          hint={text.hints.light}
          isChosen={chosen.value.isLightFixed}
          onChange={(isLightFixed) => set({ isLightFixed })}
        />
        {field('size')}
        {field('epochs')}
        {field('seed')}
        <Field
          label={text.note}
          hint={text.hints.note}
          maxLength={1000}
          value={chosen.value.note}
          onInput={(note) => set({ note })}
        />
      </div>
    </details>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly hint: string;
  readonly isChosen: boolean;
  readonly onChange: (isChosen: boolean) => void;
}

function Choice({ label, hint, isChosen, onChange }: ChoiceProps) {
  return (
    <label class="choice">
      <input
        type="checkbox"
        checked={isChosen}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      <span>
        {label}
        <span class="quiet small">{hint}</span>
      </span>
    </label>
  );
}
