import { useCallback } from 'preact/hooks';
import { go } from '../state/route.ts';
import { t } from '../texts/index.ts';
import { VirtualGrid } from '../ui/virtual-grid.tsx';
import { shown } from './filters.ts';
import { findingsOf } from './findings.ts';
import { activate, active, clear, selected, toggle } from './selection.ts';
import { Tile } from './tile.tsx';

/** Of the line below an image, in pixels. */
const CAPTION = 32;

/** All images that are shown. A click makes one active, with Ctrl it selects, with Shift a range; twice opens it. */
export function ImageGrid({ project }: { project: string }) {
  const images = shown.value;
  const chosen = selected.value;
  const height = useCallback((width: number) => width + CAPTION, []);
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
        {(index) => {
          const image = images[index];
          return (
            image && (
              <Tile
                project={project}
                image={image}
                isSelected={chosen.has(image.id)}
                isActive={index === active.value}
                findings={findingsOf.value.get(image.id)?.length ?? 0}
              />
            )
          );
        }}
      </VirtualGrid>
    </div>
  );
}

/** Index of the tile that an event is about. */
function indexAt({ target }: Event): number | undefined {
  const cell = (target as Element).closest<HTMLElement>('[data-index]');
  return cell ? Number(cell.dataset.index) : undefined;
}
