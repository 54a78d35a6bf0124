import type { Signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import type { Image } from '../api/types.ts';
import { originalUrl, thumbnailUrl } from '../state/images.ts';
import { go } from '../state/route.ts';
import type { Zoom } from '../state/zoom.ts';
import { formatNumber, t } from '../texts/index.ts';
import { AreaEditor } from '../ui/area-editor.tsx';
import { AreaLayer } from '../ui/area-layer.tsx';
import { Icon, type IconName } from '../ui/icon.tsx';
import { useKeys } from '../ui/keys.ts';
import { useZoom, ZoomButtons, ZoomView } from '../ui/zoom.tsx';
import { remove } from './actions.ts';
import { AreaBar } from './area-bar.tsx';
import { type AreaEditing, useAreaEditing } from './area-editing.ts';
import { commandsOn, keysOf } from './commands.ts';
import { detailOf, filter, shown } from './filters.ts';
import { findingsOf } from './findings.ts';
import { isAskingKind, LabelBar } from './label-bar.tsx';
import { active, activeId, clear } from './selection.ts';
import { LabelBadge } from './tile.tsx';
import './viewer.css';

interface OfImage {
  readonly project: string;
  readonly image: Image;
}

/** An image, large: to look at closely, label, and draw areas on. */
export function Viewer({ project, image }: OfImage) {
  const zoom = useZoom();
  const editing = useAreaEditing(project, image);
  const neighbours = neighboursOf(project, image);
  const { close, previous, next } = neighbours;
  const commands = {
    ...commandsOn(
      project,
      () => [image.id],
      () => {
        isAskingKind.value = true;
      },
    ),
    remove: () => {
      remove(project, [image.id]);
      (next ?? previous ?? close)();
    },
  };
  useEffect(() => {
    activeId.value = image.id;
    isAskingKind.value = false;
    clear();
  }, [image.id]);
  // The grid was scrolled to where the image is in it.
  useLayoutEffect(() => scrollTo(0, 0), []);
  useKeys(
    editing.edited.value
      ? { escape: editing.stop }
      : { ...keysOf(commands), escape: close, arrowleft: previous, arrowright: next },
  );
  return (
    <section class="viewer" aria-label={image.name}>
      <Head image={image} zoom={zoom} neighbours={neighbours} />
      <AreaBar image={image} editing={editing} />
      <Canvas project={project} image={image} zoom={zoom} editing={editing} />
      {!editing.edited.value && <LabelBar commands={commands} count={1} />}
    </section>
  );
}

interface HeadProps extends Pick<OfImage, 'image'> {
  readonly zoom: Signal<Zoom>;
  readonly neighbours: ReturnType<typeof neighboursOf>;
}

function Head({ image, zoom, neighbours: { close, previous, next, position } }: HeadProps) {
  const { images: text } = t.value;
  const findings = findingsOf.value.get(image.id) ?? [];
  return (
    <>
      <div class="toolbar">
        <IconButton icon="close" label={text.close} onClick={close} />
        <h1>
          <bdi>{image.name}</bdi>
        </h1>
        <LabelBadge image={image} />
        <span class="quiet small number">
          {image.width} × {image.height}
        </span>
        <span class="quiet small number end">{position}</span>
        <ZoomButtons zoom={zoom} />
        <IconButton icon="left" label={text.previous} onClick={previous} />
        <IconButton icon="right" label={text.next} onClick={next} />
      </div>
      {findings.map(({ at, message }) => (
        <p key={at} class="small">
          <span class="badge tone-warning">{text.findingsOf(1)}</span> {message}
        </p>
      ))}
    </>
  );
}

interface CanvasProps extends OfImage {
  readonly zoom: Signal<Zoom>;
  readonly editing: AreaEditing;
}

/** The image with its areas, and the editor of those that are being drawn. */
function Canvas({ project, image, zoom, editing }: CanvasProps) {
  const { images: text } = t.value;
  const [isBroken, setBroken] = useState(false);
  useEffect(() => setBroken(false), [image.id]);
  const { width, height } = image;
  const { edited, drawing, tool, size, ignored, truth } = editing;
  const current = edited.value;
  const areas = { width, height, shapes: drawing.value.shapes };
  return (
    <div class="stage">
      <ZoomView zoom={zoom} width={width} height={height} label={image.name}>
        <img
          key={image.id}
          // Browsers do not show some formats, such as TIFF.
          src={isBroken ? thumbnailUrl(project, image) : originalUrl(project, image)}
          alt={image.name}
          draggable={false}
          onError={() => setBroken(true)}
        />
        {current !== 'ignored' && ignored && (
          <AreaLayer areas={ignored} colour="--ink-2" label={text.ignored} />
        )}
        {current !== 'truth' && truth.value && (
          <AreaLayer areas={truth.value} colour="--danger" label={text.truth} />
        )}
        {current && (
          <AreaLayer
            areas={current === 'truth' ? { ...areas, before: truth.value?.before } : areas}
            colour="--danger"
            label={text[current]}
          />
        )}
        {current && (
          <AreaEditor
            width={width}
            height={height}
            drawing={drawing}
            tool={tool.value}
            radius={(size.value * Math.max(width, height)) / 2}
            label={text[current]}
          />
        )}
      </ZoomView>
    </div>
  );
}

interface IconButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: (() => void) | undefined;
}

function IconButton({ icon, label, onClick }: IconButtonProps) {
  return (
    <button
      type="button"
      class="button plain icon"
      aria-label={label}
      title={label}
      disabled={!onClick}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

/** The ways from an image: back to the grid, and to those next to it there. */
function neighboursOf(project: string, image: Image) {
  const images = shown.value;
  const index = images.findIndex(({ id }) => id === image.id);
  const place = index === -1 ? (active.value ?? 0) : index;
  const to = (other: Image | undefined) =>
    other && (() => go({ project, page: 'images', detail: String(other.id) }));
  return {
    close: () => go({ project, page: 'images', detail: detailOf(filter.value) }),
    // Labelling may have moved it out of the filter: another is in its place.
    previous: to(images[place - 1]),
    next: to(images[index === -1 ? place : place + 1]),
    position: index === -1 ? '' : `${formatNumber(index + 1)} / ${formatNumber(images.length)}`,
  };
}
