import { createHash } from 'node:crypto';
import { fail, isBigridError } from '@bigrid/errors';
import type { LabelledEntry } from '@bigrid/inspect';
import { z } from 'zod';
import { imageEntry, readSize } from '../images/images.ts';
import type { Coco } from './coco.ts';
import {
  type Box,
  boxPolygon,
  checkedSegmentation,
  type Segmentation,
  segmentationMask,
} from './coco-mask.ts';
import { defectName, isGoodLabel, type ListedImage } from './dataset.ts';

type Image = Coco['images'][number];
type Annotation = Coco['annotations'][number];

const runs = z.object({
  counts: z.union([z.array(z.int().nonnegative()), z.string()]),
  size: z.tuple([z.int().positive(), z.int().positive()]),
});
/** Some tools write an empty polygon for a box. */
const polygon = z
  .array(z.number())
  .refine(({ length }) => length === 0 || (length >= 6 && length % 2 === 0));
const segmentation = z.union([z.array(polygon), runs]).nullish();
const box = z.tuple([z.number(), z.number(), z.number().positive(), z.number().positive()]);

/** A defect, and the number of its annotation: from 1, in the order of the file. */
type Defect = Annotation & { readonly number: number; readonly name: string };

/** Assigns the annotations of a file to its images. */
export class AnnotatedImages {
  readonly #annotations: Map<string, (Annotation & { readonly number: number })[]>;
  readonly #names: Map<string, string>;
  readonly #file: string;
  /** Number of defects so far that have only a box. */
  boxes = 0;
  /** Messages on outlines so far that cannot be read: which, why, and what is used instead. */
  readonly unreadable: string[] = [];

  constructor({ annotations, categories }: Coco, file: string) {
    const numbered = annotations.map((annotation, index) => ({ ...annotation, number: index + 1 }));
    this.#annotations = Map.groupBy(numbered, ({ image_id }) => String(image_id));
    this.#names = new Map(categories.map((category) => [String(category.id), category.name]));
    this.#file = file;
  }

  /** @throws DATASET_INVALID when a category is not listed */
  entry(image: Image, path: string, className: string): Pick<ListedImage, 'entry' | 'mask'> {
    const defects = (this.#annotations.get(String(image.id)) ?? [])
      .map((annotation): Defect => ({ ...annotation, name: this.#nameOf(annotation.category_id) }))
      .filter(({ name }) => !isGoodLabel(name));
    const names = [...new Set(defects.map(({ name }) => defectName(name)))].sort();
    const drawn = this.#drawn(image, defects);
    return {
      entry: {
        ...imageEntry(path),
        className,
        defect: names.length === 0 ? 'good' : names.join('+'),
        readMask: drawn && this.#maskReader(image, path, drawn),
      },
      mask: drawn && createHash('sha256').update(JSON.stringify(drawn)).digest('hex'),
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

  /** What to draw; undefined if a defect has neither outline nor box, because the mask would show it as good. */
  #drawn(image: Image, defects: readonly Defect[]): Segmentation[] | undefined {
    const drawn: Segmentation[] = [];
    const unreadable: string[] = [];
    let boxes = 0;
    let isWhole = defects.length > 0;
    for (const defect of defects) {
      const outline = outlineOf(defect, image);
      if (outline !== undefined && !('fault' in outline)) {
        drawn.push(outline);
        continue;
      }
      const ownBox = box.safeParse(defect.bbox).data;
      if (ownBox === undefined) isWhole = false;
      else {
        drawn.push(boxPolygon(ownBox satisfies Box));
        boxes++;
      }
      if (outline === undefined) continue;
      const instead = ownBox ? 'using its box' : 'using the image without a mask';
      unreadable.push(
        `annotation ${defect.number} of ${image.file_name}: its outline cannot be read; ${instead}. ${outline.fault}`,
      );
    }
    this.unreadable.push(...unreadable);
    if (!isWhole) return undefined;
    this.boxes += boxes;
    return drawn;
  }

  #maskReader(
    { width, height }: Image,
    path: string,
    drawn: readonly Segmentation[],
  ): LabelledEntry['readMask'] {
    return async () => {
      // Checked before drawing: the size in the list may be any.
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

/** The outline of a defect, what is wrong with it, or undefined if there is none. */
function outlineOf(
  { segmentation: given }: Defect,
  { width, height, file_name }: Image,
): Segmentation | { readonly fault: string } | undefined {
  const parsed = segmentation.safeParse(given);
  if (!parsed.success) {
    return {
      fault: `Expected polygons of at least 6 numbers, or runs ({ counts, size: [height, width] }), but received ${shortly(given)}`,
    };
  }
  if (!parsed.data || isEmpty(parsed.data)) return undefined;
  try {
    return checkedSegmentation(parsed.data, width, height, file_name);
  } catch (error) {
    if (!isBigridError(error, 'DATASET_INVALID')) throw error;
    return { fault: error.message };
  }
}

function shortly(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function isEmpty(outline: Segmentation): boolean {
  return !('counts' in outline) && outline.every(({ length }) => length === 0);
}
