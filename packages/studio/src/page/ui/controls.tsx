import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { formatNumber, formatSeconds, t } from '../texts/index.ts';

interface SegmentsProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly label: string }[];
  readonly onChange: (value: Value) => void;
}

/** One of a few, all visible: radio buttons next to each other. */
export function Segments<Value extends string>(props: SegmentsProps<Value>) {
  const name = useId();
  return (
    <fieldset class="segments" aria-label={props.label}>
      {props.options.map(({ value, label }) => (
        <label key={value}>
          <input
            class="visually-hidden"
            type="radio"
            name={name}
            checked={value === props.value}
            onChange={() => props.onChange(value)}
          />
          <span>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface SelectProps<Value extends string> {
  readonly label: string;
  readonly name?: string;
  readonly value?: Value;
  /** `lang` where it is not that of the page. */
  readonly options: readonly {
    readonly value: Value;
    readonly label: string;
    readonly lang?: string;
  }[];
  readonly onChange?: (value: Value) => void;
}

/** One of several in a list that opens, with its label. */
export function Select<Value extends string>(props: SelectProps<Value>) {
  const { label, options, onChange, ...select } = props;
  return (
    <label class="field">
      <span>{label}</span>
      <select
        {...select}
        class="input"
        onChange={({ currentTarget }) => onChange?.(currentTarget.value as Value)}
      >
        {options.map((option) => (
          <option key={option.value} value={option.value} lang={option.lang}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  );
}

interface FieldProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly error?: string | undefined;
  readonly name?: string;
  readonly type?: 'text' | 'password' | 'number';
  readonly required?: boolean;
  readonly maxLength?: number;
  readonly autocomplete?: string;
  readonly value?: string;
  readonly onInput?: (text: string) => void;
}

/** An input with its label, and a line below that helps or says what is wrong. */
export function Field({ label, hint, error, type = 'text', onInput, ...input }: FieldProps) {
  const id = useId();
  const line = error ?? hint;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...input}
        // The types of Preact tell password fields from others by their role.
        type={type as 'text'}
        id={id}
        class="input"
        onInput={({ currentTarget }) => onInput?.(currentTarget.value)}
        aria-invalid={error !== undefined}
        aria-describedby={line === undefined ? undefined : `${id}-line`}
      />
      {line !== undefined && (
        <span id={`${id}-line`} class="hint" role={error === undefined ? undefined : 'alert'}>
          {line}
        </span>
      )}
    </div>
  );
}

interface ProgressProps {
  readonly label: string;
  readonly done: number;
  /** 0 while it is not known. */
  readonly total: number;
  readonly secondsLeft?: number | null | undefined;
}

/** How far something is, with the time left where it is known. */
export function Progress({ label, done, total, secondsLeft }: ProgressProps) {
  const left = secondsLeft == null ? '' : t.value.app.left(formatSeconds(secondsLeft));
  return (
    <div class="progress">
      <progress aria-label={label} max={Math.max(1, total)} value={done} />
      <div class="line">
        <span>{label}</span>
        <span>
          {total > 0 && `${formatNumber(done)} / ${formatNumber(total)}`} {left}
        </span>
      </div>
    </div>
  );
}

/** What a page shows before there is anything: a sentence on what to do, and the button that does it. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}
