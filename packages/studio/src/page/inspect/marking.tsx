import { useState } from 'preact/hooks';
import type { Labelling } from '../state/images.ts';
import { tellError } from '../state/notices.ts';
import { t } from '../texts/index.ts';
import { Icon } from '../ui/icon.tsx';
import { useKeys } from '../ui/keys.ts';
import { KindForm } from '../ui/kind-form.tsx';
import type { Review, Reviewed } from './review.ts';

interface MarkingProps {
  readonly review: Review;
  readonly current: Reviewed;
  readonly show: (image: number) => void;
}

/** Says that a verdict is wrong: a false positive is a good image, and a missed defect gets its kind. */
export function Marking({ review, current: { image }, show }: MarkingProps) {
  const { inspect } = t.value;
  /** The image whose kind is asked for: never another one. */
  const [asked, ask] = useState<number>();
  const label = (labelling: Labelling) => review.label(image, labelling).catch(tellError);
  const falseAlarm = () => label({ label: 'normal' });
  const missed = () => ask(image.id);
  const undo = () =>
    review
      .undo()
      .then((undone) => undone && show(undone.id))
      .catch(tellError);
  useKeys({ f: falseAlarm, m: missed, u: undo, 'ctrl+z': undo });
  return (
    <div class="marking">
      <div class="toolbar">
        <button type="button" class="button" aria-keyshortcuts="F" onClick={falseAlarm}>
          {inspect.falseAlarm} <kbd>F</kbd>
        </button>
        <button type="button" class="button" aria-keyshortcuts="M" onClick={missed}>
          {inspect.missedDefect} <kbd>M</kbd>
        </button>
        <button
          type="button"
          class="button plain"
          aria-keyshortcuts="U"
          disabled={!review.canUndo.value}
          onClick={undo}
        >
          <Icon name="undo" />
          {inspect.undo} <kbd>U</kbd>
        </button>
      </div>
      {asked === image.id && (
        <KindForm
          kinds={review.kinds.value}
          onKind={(kind) => label({ label: 'defect', ...(kind && { kind }) })}
          onClose={() => ask(undefined)}
        />
      )}
      <p class="quiet small">{inspect.keys}</p>
    </div>
  );
}
