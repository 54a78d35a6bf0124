import type { Image } from '../api/types.ts';
import { thumbnailUrl } from '../state/images.ts';
import { hashOf } from '../state/route.ts';
import { t } from '../texts/index.ts';
import { Icon } from '../ui/icon.tsx';
import './tile.css';

interface TileProps {
  readonly project: string;
  readonly image: Image;
  readonly isSelected: boolean;
  readonly isActive: boolean;
  /** Number of findings of the check. */
  readonly findings: number;
}

/** An image in the grid: what it shows, and how it is labelled. */
export function Tile({ project, image, isSelected, isActive, findings }: TileProps) {
  const { images: text } = t.value;
  const state = `${isSelected ? 'selected' : ''} ${isActive ? 'active' : ''}`;
  return (
    <div class={`image-tile ${state}`}>
      <img
        src={thumbnailUrl(project, image)}
        alt=""
        width={image.width}
        height={image.height}
        decoding="async"
        draggable={false}
      />
      <span class="choose" data-choose title={text.select}>
        {isSelected && <Icon name="check" size={16} />}
      </span>
      {findings > 0 && (
        <span class="badge tone-warning found" title={text.findingsOf(findings)}>
          <span aria-hidden="true">!</span>
          <span class="visually-hidden">{text.findingsOf(findings)}</span>
        </span>
      )}
      <div class="caption">
        <LabelBadge image={image} />
        <bdi class="name" title={image.name}>
          {image.name}
        </bdi>
      </div>
    </div>
  );
}

/** The label of an image in a word. */
export function LabelBadge({ image: { label, kind, split } }: { image: Image }) {
  const { shortLabels } = t.value.images;
  if (label === 'defect') return <span class="badge tone-anomalous">{kind}</span>;
  if (label === null) return <span class="badge">{shortLabels.none}</span>;
  return (
    <span class="badge tone-normal">
      {split === 'test' ? shortLabels.testing : shortLabels.training}
    </span>
  );
}

/** A small image that opens large. */
export function Thumbnail({ project, image }: Pick<TileProps, 'project' | 'image'>) {
  return (
    <a
      class="thumbnail"
      href={hashOf({ project, page: 'images', detail: String(image.id) })}
      title={image.name}
    >
      <img src={thumbnailUrl(project, image)} alt={image.name} loading="lazy" decoding="async" />
    </a>
  );
}
