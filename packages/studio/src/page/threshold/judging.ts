import { type Calibration, type ThresholdRules, underRules } from '@bigrid/inspect';
import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { request } from '../api/client.ts';
import type { DetailedModelVersion } from '../api/types.ts';
import { loadModel, modelPath } from '../state/model.ts';
import { replaceDetail } from '../state/route.ts';

/** How the version judges as the page is used: by its rules, or by others that are not saved yet. */
export interface Judging {
  readonly version: DetailedModelVersion;
  /** Rules instead of those of the version; those left out are as they are. */
  readonly draft: Signal<ThresholdRules>;
  /** With the thresholds of the draft; the last possible ones while its rules are not. */
  readonly calibration: ReadonlySignal<Calibration>;
  /** Why the rules of the draft are not possible. */
  readonly error: ReadonlySignal<Error | undefined>;
  readonly isChanged: ReadonlySignal<boolean>;
}

/** @param saved the draft that the URL has */
export function judgingOf(version: DetailedModelVersion, saved: string | undefined): Judging {
  const draft = signal(draftOf(version, saved));
  let last = version.manifest.calibration;
  const tried = computed(() => {
    try {
      last = underRules(version.manifest, draft.value).calibration;
      return { calibration: last };
    } catch (error) {
      return { calibration: last, error: error as Error };
    }
  });
  return {
    version,
    draft,
    calibration: computed(() => tried.value.calibration),
    error: computed(() => tried.value.error),
    isChanged: computed(() => Object.keys(draft.value).length > 0),
  };
}

/** Milliseconds after the last change until the URL has it; browsers allow few changes of it. */
const SETTLED = 300;

/** Keeps the draft in the URL, so that it survives a reload. @returns ends it */
export function keepInUrl({ draft }: Judging): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isFirst = true;
  const stop = effect(() => {
    const text = new URLSearchParams(draft.value as Record<string, string>).toString();
    clearTimeout(timer);
    if (!isFirst) timer = setTimeout(() => replaceDetail(text === '' ? undefined : text), SETTLED);
    isFirst = false;
  });
  return () => {
    clearTimeout(timer);
    stop();
  };
}

/** The rules in the text that are not those of the version. */
function draftOf(
  { settings, asTrained }: DetailedModelVersion,
  text: string | undefined,
): ThresholdRules {
  const given = new URLSearchParams(text);
  const rules = (['threshold', 'unsure'] as const).flatMap((name) => {
    const rule = given.get(name);
    const isOther = rule !== null && rule !== (settings[name] ?? asTrained[name]);
    return isOther ? [[name, rule] as const] : [];
  });
  return Object.fromEntries(rules);
}

/** Moves the threshold, and the beginning of unsure with it where it would be above. */
export function moveThreshold({ draft, calibration }: Judging, threshold: number): void {
  const { unsure } = calibration.peek();
  const isBelow = unsure !== undefined && unsure.threshold > threshold;
  draft.value = {
    ...draft.peek(),
    threshold: String(threshold),
    ...(isBelow && { unsure: String(threshold) }),
  };
}

/** Moves the beginning of unsure, at most to the threshold. */
export function moveUnsure({ draft, calibration }: Judging, from: number): void {
  const { threshold } = calibration.peek();
  draft.value = { ...draft.peek(), unsure: String(Math.min(from, threshold)) };
}

export type SavedRules = DetailedModelVersion['settings'];

/** Makes the version judge by the draft. @returns the settings before. @throws ApiError */
export async function save({ version, draft }: Judging): Promise<SavedRules> {
  const { threshold, unsure, ...others } = version.settings;
  const { asTrained } = version;
  const rules = { threshold, unsure, ...draft.value };
  // Rules of the model file are not repeated: they hold without.
  const own = Object.entries(rules).filter(
    ([name, rule]) => rule !== undefined && rule !== asTrained[name as keyof typeof asTrained],
  );
  await setRules(version, { ...others, ...Object.fromEntries(own) });
  return version.settings;
}

/** @throws ApiError */
export async function setRules(
  { model, version }: DetailedModelVersion,
  { mask: _, ...rules }: SavedRules,
): Promise<void> {
  await request(modelPath(model, version, '/settings'), { method: 'PUT', body: rules });
  // The page begins again with the new rules, and must not find an earlier draft, which it would go on with.
  replaceDetail(undefined);
  await loadModel();
}
