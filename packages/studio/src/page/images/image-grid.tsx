import type { VNode } from 'preact';
import { useCallback, useRef } from 'preact/hooks';
import type { Image } from '../api/types.ts';
import { go } from '../state/route.ts';
import { language, t } from '../texts/index.ts';
import { VirtualGrid } from '../ui/virtual-grid.tsx';
import { shown } from './filters.ts';
import { findingsOf } from './findings.ts';
import { activate, active, clear, selected, toggle } from './selection.ts';
import { Tile } from './tile.tsx';

/** Of the line below an image, in pixels. */
const CAPTION = 32;

/** Tiles that are kept to be shown again: some screens. */
const MOST_KEPT = 600;

/** All images that are shown. A click makes one active, with Ctrl it selects, with Shift a range; twice opens it. */
export function ImageGrid({ project }: { project: string }) {
  const images = shown.value;
  const chosen = selected.value;
  const height = useCallback((width: number) => width + CAPTION, []);
  const tileOf = useTiles(project);
  const onClick = (event: MouseEvent) => {
    const index = indexAt(event);
    if (index === undefined) return;
    const isBox = (event.target as Element).closest('[data-choose]') !== null;
    if (event.shiftKey) activate(index, true);
    else if (isBox || event.ctrlKey || event.metaKey) toggle(index);
    else {
      clear();
      activate(index);
    }
  };
  const onDblClick = (event: MouseEvent) => {
    const image = images[indexAt(event) ?? -1];
    if (image) go({ project, page: 'images', detail: String(image.id) });
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the list in it has the role and the keys
    // biome-ignore lint/a11y/useKeyWithClickEvents: as above
    <div class="image-grid" onClick={onClick} onDblClick={onDblClick}>
      <VirtualGrid
        label={t.value.pages.images}
        count={images.length}
        tileWidth={148}
        tileHeight={height}
        keyOf={(index) => images[index]?.id ?? index}
        active={active.value}
        onActive={activate}
        isSelected={(index) => chosen.has(images[index]?.id ?? 0)}
      >
        {tileOf}
      </VirtualGrid>
    </div>
  );
}

interface Drawn {
  readonly image: Image;
  readonly state: string;
  readonly tile: VNode;
}

/** Draws tiles, and those that have not changed since not again: there are hundreds while it scrolls. */
function useTiles(project: string): (index: number) => VNode | undefined {
  const { current: drawn } = useRef(new Map<number, Drawn>());
  return (index) => {
    const image = shown.value[index];
    if (!image) return undefined;
    const { id } = image;
    const isSelected = selected.value.has(id);
    const isActive = index === active.value;
    const findings = findingsOf.value.get(id)?.length ?? 0;
    const state = [isSelected, isActive, findings, language.value].join();
    const known = drawn.get(id);
    const tile =
      known?.image === image && known.state === state ? (
        known.tile
      ) : (
        <Tile
          project={project}
          image={image}
          isSelected={isSelected}
          isActive={isActive}
          findings={findings}
        />
      );
    drawn.delete(id);
    drawn.set(id, { image, state, tile });
    // The one that was not drawn for the longest time.
    const [oldest] = drawn.keys();
    if (drawn.size > MOST_KEPT && oldest !== undefined) drawn.delete(oldest);
    return tile;
  };
}

/** Index of the tile that an event is about. */
function indexAt({ target }: Event): number | undefined {
  const cell = (target as Element).closest<HTMLElement>('[data-index]');
  return cell ? Number(cell.dataset.index) : undefined;
}
