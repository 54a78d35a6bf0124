import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { request, send } from '../api/client.ts';
import type { Image } from '../api/types.ts';
import { type Drawing, noDrawing } from '../state/areas.ts';
import { tell, tellError } from '../state/notices.ts';
import { project as current, loadProjects, projectPath } from '../state/projects.ts';
import { t } from '../texts/index.ts';
import type { AreaTool } from '../ui/area-editor.tsx';
import { type Areas, maskPng, openMask, polygonsOf } from '../ui/paint-areas.ts';
import { put } from './collection.ts';

/** Areas that can be drawn: to ignore on all images, or the defect of this one. */
type AreaKind = 'ignored' | 'truth';

export interface AreaEditing {
  /** Undefined while none are drawn. */
  readonly edited: Signal<AreaKind | undefined>;
  readonly drawing: Signal<Drawing>;
  readonly tool: Signal<AreaTool>;
  /** Of the brush, as a share of the longer side of the image. */
  readonly size: Signal<number>;
  /** What the project ignores, in pixels of this image. */
  readonly ignored: Areas | undefined;
  /** Where the defect of this image is. */
  readonly truth: Signal<Areas | undefined>;
  readonly start: (kind: AreaKind) => void;
  readonly stop: () => void;
  readonly save: () => Promise<void>;
}

/** The areas of an image, and what draws them. */
export function useAreaEditing(project: string, image: Image): AreaEditing {
  const edited = useSignal<AreaKind | undefined>(undefined);
  const drawing = useSignal(noDrawing);
  const tool = useSignal<AreaTool>('polygon');
  const size = useSignal(0.03);
  const truth = useSignal<Areas | undefined>(undefined);
  const ignored = ignoredOn(image);
  const stop = () => {
    edited.value = undefined;
    drawing.value = noDrawing;
  };
  useEffect(() => {
    stop();
    truth.value = undefined;
    if (!image.hasGroundTruth) return;
    const gone = new AbortController();
    loadTruth(project, image, gone.signal)
      .then((areas) => {
        if (!gone.signal.aborted) truth.value = areas;
      })
      .catch((error) => {
        if (!gone.signal.aborted) tellError(error);
      });
    return () => gone.abort();
  }, [image.id, image.label]);
  const save = async () => {
    const { width, height } = image;
    const areas = { width, height, shapes: drawing.value.shapes };
    try {
      if (edited.value === 'ignored') await saveIgnored(project, areas);
      else truth.value = await saveTruth(project, image, { ...areas, before: truth.value?.before });
      stop();
      tell(t.value.images.areasSaved);
    } catch (error) {
      tellError(error);
    }
  };
  const start = (kind: AreaKind) => {
    tool.value = kind === 'ignored' ? 'polygon' : 'brush';
    drawing.value =
      kind === 'ignored' && ignored ? { shapes: ignored.shapes, undone: [] } : noDrawing;
    edited.value = kind;
  };
  return { edited, drawing, tool, size, ignored, truth, start, stop, save };
}

/** The server stretches what it ignores to each image. */
function ignoredOn({ width, height }: Image): Areas | undefined {
  const ignored = current.value?.ignored;
  if (!ignored) return undefined;
  const [x, y] = [width / ignored.width, height / ignored.height];
  const shapes = ignored.polygons.map((polygon) => ({
    kind: 'polygon' as const,
    corners: polygon.map(([cx, cy]) => [cx * x, cy * y] as const),
  }));
  return { width, height, shapes };
}

async function saveIgnored(project: string, areas: Areas): Promise<void> {
  const { width, height } = areas;
  const polygons = polygonsOf(areas);
  const body = polygons.length === 0 ? null : { width, height, polygons };
  await request(projectPath(project, '/ignored'), { method: 'PUT', body });
  await loadProjects();
}

function truthPath(project: string, { id }: Image): string {
  return projectPath(project, `/images/${id}/ground-truth`);
}

async function loadTruth(project: string, image: Image, signal: AbortSignal): Promise<Areas> {
  const { width, height } = image;
  const response = await send(truthPath(project, image), { accept: 'image/png', signal });
  return { width, height, shapes: [], before: await openMask(await response.blob()) };
}

/** @returns what is saved; undefined if nothing is marked any more */
async function saveTruth(project: string, image: Image, areas: Areas): Promise<Areas | undefined> {
  const png = await maskPng(areas);
  const path = truthPath(project, image);
  const { width, height } = image;
  const before = await openMask(png);
  const isEmpty = polygonsOf({ width, height, shapes: [], before }).length === 0;
  if (isEmpty) {
    if (image.hasGroundTruth) await request(path, { method: 'DELETE' });
    put([{ ...image, hasGroundTruth: false }]);
    return undefined;
  }
  await request(path, { method: 'PUT', body: png });
  put([{ ...image, hasGroundTruth: true }]);
  return { width, height, shapes: [], before };
}
