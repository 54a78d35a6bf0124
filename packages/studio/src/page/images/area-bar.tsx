import type { Image } from '../api/types.ts';
import { t } from '../texts/index.ts';
import { AreaTools } from '../ui/area-tools.tsx';
import type { AreaEditing } from './area-editing.ts';

interface AreaBarProps {
  readonly image: Image;
  readonly editing: AreaEditing;
}

/** Starts to draw areas, and has the tools while they are drawn. */
export function AreaBar({ image, editing }: AreaBarProps) {
  const { images: text, areas, app } = t.value;
  const { edited, start, stop, save, drawing, tool, size } = editing;
  if (edited.value === undefined) {
    return (
      <div class="toolbar">
        <button type="button" class="button" onClick={() => start('ignored')}>
          {text.drawIgnored}
        </button>
        {image.label === 'defect' && (
          <button type="button" class="button" onClick={() => start('truth')}>
            {text.drawTruth}
          </button>
        )}
      </div>
    );
  }
  return (
    <>
      <p class="quiet small">{text.hints[edited.value]}</p>
      <AreaTools drawing={drawing} tool={tool} size={size}>
        <button type="button" class="button" onClick={stop}>
          {app.cancel}
        </button>
        <button type="button" class="button primary" onClick={save}>
          {areas.save}
        </button>
      </AreaTools>
    </>
  );
}
