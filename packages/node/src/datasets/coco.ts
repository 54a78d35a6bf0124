import { basename, dirname, join, resolve } from 'node:path';
import { fail } from '@bigrid/errors';
import type { LabelledEntry } from '@bigrid/inspect';
import { z } from 'zod';
import { readBytes } from '../files/files.ts';
import { pictureEntry, readSize } from '../pictures/pictures.ts';
import { pixelLimit, tooLarge } from '../pictures/pixel-limit.ts';
import {
  type Box,
  boxPolygon,
  checkedSegmentation,
  type Segmentation,
  segmentationMask,
} from './coco-mask.ts';
import {
  assertListed,
  classFromList,
  counted,
  type Dataset,
  defectName,
  type Ignored,
  isGoodLabel,
  isPresent,
  type ListedPicture,
  listName,
  roleOf,
  rootOf,
} from './dataset.ts';
import { classNameOf } from './names.ts';

const id = z.union([z.number(), z.string()]);
const runs = z.object({
  counts: z.union([z.array(z.int().nonnegative()), z.string()]),
  size: z.tuple([z.int().positive(), z.int().positive()]),
});
/** Some tools write an empty one for a box. */
const polygon = z
  .array(z.number())
  .refine(
    ({ length }) => length === 0 || (length >= 6 && length % 2 === 0),
    'not the coordinates of at least 3 points',
  );

const cocoSchema = z.looseObject({
  images: z.array(
    z.looseObject({
      id,
      file_name: z.string().min(1),
      width: z.int().positive(),
      height: z.int().positive(),
    }),
  ),
  annotations: z.array(
    z.looseObject({
      image_id: id,
      category_id: id,
      segmentation: z.union([z.array(polygon), runs]).nullish(),
      bbox: z.array(z.number()).nullish(),
    }),
  ),
  categories: z.array(z.looseObject({ id, name: z.string() })),
});
type Coco = z.infer<typeof cocoSchema>;
type Image = Coco['images'][number];

/** A file of annotations with its content, not checked yet. */
export interface CocoFile {
  readonly path: string;
  readonly content: unknown;
}

/**
 * Opens a JSON file if it is one of COCO's.
 *
 * @returns undefined where it has no `images` or no `annotations`.
 * @throws PATH_MISSING, PATH_UNREADABLE
 */
export async function openCoco(path: string): Promise<CocoFile | undefined> {
  try {
    const content: unknown = JSON.parse(Buffer.from(await readBytes(path)).toString('utf8'));
    const isCoco =
      typeof content === 'object' &&
      content !== null &&
      'images' in content &&
      'annotations' in content;
    return isCoco ? { path, content } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Reads annotations of COCO. A picture without annotations is good, and so is one of a category called good, ok
 * or normal; others bear the names of their categories. Polygons and runs (RLE) become masks; a defect that has a box
 * alone is taken for all of the box, and a remark says so. {@link roleOf} says what a file's pictures are for.
 *
 * @throws DATASET_INVALID, naming the item
 */
export async function readCoco(files: readonly CocoFile[]): Promise<Dataset> {
  const ignored: Ignored[] = [];
  const pictures: ListedPicture[] = [];
  let boxes = 0;
  const className = classNameOf(dirname(resolve(files[0]?.path ?? '.')));
  for (const { path, content } of files) {
    const coco = checked(content, path);
    const folder = await pictureFolder(path, coco.images[0]?.file_name);
    const entries = new AnnotatedPictures(coco, path);
    const listed = new Set(coco.images.map((image) => String(image.id)));
    const lost = coco.annotations.filter(({ image_id }) => !listed.has(String(image_id))).length;
    if (lost > 0) {
      ignored.push({
        path,
        reason: `${counted(lost, 'annotation')} of a picture that is not listed`,
      });
    }
    for (const [index, image] of coco.images.entries()) {
      const picture = join(folder, image.file_name);
      await assertListed(picture, rootOf(path), `image ${index + 1} of ${path}`);
      pictures.push({ role: roleOf(path), entry: entries.entry(image, picture, className) });
    }
    boxes += entries.boxes;
  }
  const source = listName(files.map(({ path }) => path));
  const classes = [classFromList(className, pictures, source, ignored)];
  const remarks =
    boxes > 0
      ? [
          `${counted(boxes, 'defect')} with a box alone: all of the box counts as defect, so pixel metrics come out lower.`,
        ]
      : [];
  return { layout: 'COCO annotations', classes, ignored, remarks };
}

function checked(content: unknown, path: string): Coco {
  const result = cocoSchema.safeParse(content);
  if (!result.success) {
    const issue = result.error.issues[0];
    const place = issue?.path.join('.') || 'the whole';
    const hint = place.includes('segmentation')
      ? 'polygons of at least 6 numbers, or runs ({ counts, size: [height, width] })'
      : 'what COCO annotations have';
    fail(
      'DATASET_INVALID',
      `Expected ${hint} for ${place} of ${path} but received another thing: ${issue?.message}`,
    );
  }
  for (const { width, height, file_name } of result.data.images) {
    if (width * height > pixelLimit()) tooLarge(`${file_name} of ${path}`, width, height);
  }
  return result.data;
}

/** Puts the annotations of a file beside its pictures. */
class AnnotatedPictures {
  readonly #annotations: Map<string, Coco['annotations']>;
  readonly #names: Map<string, string>;
  readonly #file: string;
  /** Defects met so far that have a box alone. */
  boxes = 0;

  constructor({ annotations, categories }: Coco, file: string) {
    this.#annotations = Map.groupBy(annotations, ({ image_id }) => String(image_id));
    this.#names = new Map(categories.map((category) => [String(category.id), category.name]));
    this.#file = file;
  }

  entry(image: Image, path: string, className: string): LabelledEntry {
    const defects = (this.#annotations.get(String(image.id)) ?? [])
      .map((annotation) => ({ ...annotation, name: this.#nameOf(annotation.category_id) }))
      .filter(({ name }) => !isGoodLabel(name));
    const names = [...new Set(defects.map(({ name }) => defectName(name)))].sort();
    return {
      ...pictureEntry(path),
      className,
      defect: names.length === 0 ? 'good' : names.join('+'),
      readMask: this.#maskReader(image, path, defects),
    };
  }

  #nameOf(category: string | number): string {
    const name = this.#names.get(String(category));
    if (name !== undefined) return name;
    fail(
      'DATASET_INVALID',
      `Expected a category with the id ${category}, which an annotation names, in ${this.#file} but received none`,
    );
  }

  #maskReader(image: Image, path: string, defects: Coco['annotations']): LabelledEntry['readMask'] {
    const { width, height } = image;
    const drawn: Segmentation[] = [];
    let boxes = 0;
    for (const { segmentation, bbox } of defects) {
      if (segmentation && !isEmpty(segmentation)) {
        const where = `${image.file_name} in ${this.#file}`;
        drawn.push(checkedSegmentation(segmentation, width, height, where));
      } else if (isBox(bbox)) {
        drawn.push(boxPolygon(bbox));
        boxes++;
      } else {
        // A mask that leaves one defect out would call it good.
        return undefined;
      }
    }
    if (drawn.length === 0) return undefined;
    this.boxes += boxes;
    return async () => {
      // Before anything is drawn at the size that the list states: it may state any.
      const size = await readSize(path);
      if (size.width !== width || size.height !== height) {
        fail(
          'MASK_MISMATCH',
          `Expected the size of ${path}, ${size.width} x ${size.height}, in ${this.#file} but received ${width} x ${height}`,
        );
      }
      return segmentationMask(drawn, width, height);
    };
  }
}

function isEmpty(segmentation: Segmentation): boolean {
  return !('counts' in segmentation) && segmentation.every(({ length }) => length === 0);
}

function isBox(box: readonly number[] | null | undefined): box is Box {
  const [, , width = 0, height = 0] = box ?? [];
  return box?.length === 4 && width > 0 && height > 0;
}

/** The folder that the names of pictures are relative to: the first in which the first picture lies. */
async function pictureFolder(file: string, first: string | undefined): Promise<string> {
  const folder = dirname(file);
  const above = dirname(resolve(folder));
  const split = basename(file, '.json').replace(/^instances_/, '');
  const candidates = [
    folder,
    join(folder, 'images'),
    join(folder, split),
    join(above, 'images'),
    join(above, split),
    join(above, 'images', split),
    above,
  ];
  if (first === undefined) return folder;
  for (const candidate of candidates) if (await isPresent(join(candidate, first))) return candidate;
  fail(
    'DATASET_INVALID',
    `Expected the picture ${first} of ${file} in ${candidates.join(', ')} but received nothing there`,
  );
}
