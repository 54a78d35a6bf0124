import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { type Drawing, drawn, redone, undone } from '../state/areas.ts';
import { t } from '../texts/index.ts';
import type { AreaTool } from './area-editor.tsx';
import { Segments } from './controls.tsx';
import { Icon } from './icon.tsx';

interface AreaToolsProps {
  readonly drawing: Signal<Drawing>;
  readonly tool: Signal<AreaTool>;
  /** Of the brush, as a share of the longer side of the image. */
  readonly size: Signal<number>;
  /** What to do with the drawing. */
  readonly children: ComponentChildren;
}

const tools: readonly AreaTool[] = ['polygon', 'brush', 'eraser'];

/** The tools of an area editor. */
export function AreaTools({ drawing, tool, size, children }: AreaToolsProps) {
  const { areas } = t.value;
  const { shapes, undone: left } = drawing.value;
  const change = (next: Drawing) => {
    drawing.value = next;
  };
  return (
    <div class="area-tools" role="toolbar" aria-label={areas.tools}>
      <Segments
        label={areas.tools}
        value={tool.value}
        options={tools.map((value) => ({ value, label: areas[value] }))}
        onChange={(value) => {
          tool.value = value;
        }}
      />
      {tool.value !== 'polygon' && (
        <label class="size small">
          {areas.size}
          <input
            type="range"
            min={0.005}
            max={0.15}
            step={0.005}
            value={size.value}
            onInput={({ currentTarget }) => {
              size.value = Number(currentTarget.value);
            }}
          />
        </label>
      )}
      <button
        type="button"
        class="button plain icon"
        aria-label={areas.undo}
        title={areas.undo}
        disabled={shapes.length === 0}
        onClick={() => change(undone(drawing.value))}
      >
        <Icon name="undo" />
      </button>
      <button
        type="button"
        class="button plain icon"
        aria-label={areas.redo}
        title={areas.redo}
        disabled={left.length === 0}
        onClick={() => change(redone(drawing.value))}
      >
        <Icon name="redo" />
      </button>
      <button
        type="button"
        class="button plain"
        onClick={() => change(drawn(drawing.value, { kind: 'clear' }))}
      >
        {areas.clear}
      </button>
      <div class="end">{children}</div>
    </div>
  );
}
