import type { Signal } from '@preact/signals';
import type { TrainingProfile } from '../state/jobs.ts';
import { t } from '../texts/index.ts';
import { Field, Segments } from '../ui/controls.tsx';

/** What a person chose for a training; empty texts leave it to the server. */
export interface ChosenOptions {
  readonly profile: TrainingProfile;
  readonly tile: boolean;
  readonly isLightFixed: boolean;
  readonly size: string;
  readonly epochs: string;
  readonly seed: string;
  readonly note: string;
}

export const usualOptions: ChosenOptions = {
  profile: 'fast',
  tile: false,
  isLightFixed: false,
  size: '',
  epochs: '',
  seed: '',
  note: '',
};

/** What the size of images is a multiple of, and what it is without a choice. */
const sizes: Record<TrainingProfile, readonly [multiple: number, usual: number]> = {
  fast: [32, 256],
  accurate: [14, 392],
};

/** The request of a training. */
export function requestOf({
  profile,
  tile,
  isLightFixed,
  note,
  ...numbers
}: ChosenOptions): object {
  const given = Object.entries(numbers).filter(([, text]) => text.trim() !== '');
  return {
    note,
    options: {
      profile,
      ...Object.fromEntries(given.map(([name, text]) => [name, Number(text)])),
      ...(tile && { tile: 'auto' }),
      ...(isLightFixed && { light: 'fixed' }),
    },
  };
}

interface OptionsProps {
  readonly chosen: Signal<ChosenOptions>;
  /** That the server offers. */
  readonly profiles: readonly TrainingProfile[];
}

/** The options of a training, folded away: it needs none. */
export function Options({ chosen, profiles }: OptionsProps) {
  const { options: text } = t.value.train;
  const set = (part: Partial<ChosenOptions>) => {
    chosen.value = { ...chosen.value, ...part };
  };
  const [multiple, usual] = sizes[chosen.value.profile];
  const field = (name: 'size' | 'epochs' | 'seed', hint: string) => (
    <Field
      type="number"
      label={text[name]}
      hint={hint}
      value={chosen.value[name]}
      onInput={(value) => set({ [name]: value })}
    />
  );
  return (
    <details class="train-options">
      <summary>{text.title}</summary>
      <div class="fields">
        {profiles.length > 1 && (
          <div class="field profile">
            <Segments
              label={text.profile}
              value={chosen.value.profile}
              options={profiles.map((value) => ({ value, label: text.profiles[value] }))}
              onChange={(profile) => set({ profile })}
            />
            <span class="hint">{text.profileHints[chosen.value.profile]}</span>
          </div>
        )}
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
        {field('size', text.hints.size(multiple, usual))}
        {field('epochs', text.hints.epochs)}
        {field('seed', text.hints.seed)}
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
