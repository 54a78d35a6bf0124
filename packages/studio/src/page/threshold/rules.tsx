import { parseRule } from '@bigrid/inspect';
import { useEffect, useState } from 'preact/hooks';
import { wordsOf } from '../state/notices.ts';
import { t } from '../texts/index.ts';
import { Field, Select } from '../ui/controls.tsx';
import { type Judging, moveThreshold } from './judging.ts';

/** Rules that need good scores alone, with the number that they begin with. */
const usual = { quantile: '0.99', 'max-fpr': '0.05', sigma: '3' } as const;
type RuleKind = keyof typeof usual | 'number';
const kinds: readonly RuleKind[] = ['number', 'quantile', 'max-fpr', 'sigma'];

/** The rule of the threshold: its kind is chosen, its number typed. */
export function Rules({ judging }: { judging: Judging }) {
  const text = t.value.threshold;
  const { rule, threshold } = judging.calibration.value;
  const error = judging.error.value;
  const current = shownRule(judging.draft.value.threshold ?? rule, threshold);
  const [typed, setTyped] = useState(current.amount);
  useEffect(() => setTyped(current.amount), [current.amount]);
  const set = (next: string) => {
    judging.draft.value = { ...judging.draft.value, threshold: next };
  };
  const choose = (kind: RuleKind) => {
    if (kind === 'number') moveThreshold(judging, Number(threshold.toPrecision(4)));
    else set(`${kind}:${usual[kind]}`);
  };
  const type = (amount: string) => {
    setTyped(amount);
    const number = amount.trim().replace(',', '.');
    set(current.kind === 'number' ? number : `${current.kind}:${number}`);
  };
  return (
    <div class="rules">
      <Select
        label={text.rule}
        value={current.kind}
        options={kinds.map((value) => ({ value, label: text.rules[value] }))}
        onChange={choose}
      />
      <Field
        label={text.amount}
        value={typed}
        onInput={type}
        error={error && wordsOf(error).text}
      />
    </div>
  );
}

/** The rule as a kind with a number; what took labelled defects, and what is not a rule, as a number. */
function shownRule(rule: string, threshold: number): { kind: RuleKind; amount: string } {
  const [name = '', digits] = rule.split(':');
  const kind = kinds.find((one) => one === name && digits !== undefined);
  if (kind) return { kind, amount: digits ?? '' };
  return { kind: 'number', amount: isNumber(rule) ? rule : String(threshold) };
}

function isNumber(rule: string): boolean {
  try {
    return parseRule(rule).kind === 'number';
  } catch {
    // Half typed.
    return !/^(f1|recall)/.test(rule);
  }
}
