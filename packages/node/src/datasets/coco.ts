import { basename, dirname, join, resolve } from 'node:path';
import { counted, fail } from '@bigrid/errors';
import { z } from 'zod';
import { readBytes } from '../files/files.ts';
import { decodeText } from '../files/text.ts';
import { assertSize } from '../images/pixel-limit.ts';
import { AnnotatedImages } from './coco-annotations.ts';
import {
  classFromList,
  type Dataset,
  type Ignored,
  type ListedImage,
  listName,
  roleOf,
} from './dataset.ts';
import { assertListed, findListed, isInside, rootOf } from './listed-files.ts';
import { classNameOf } from './names.ts';
import { withoutRepeats } from './repeats.ts';

const id = z.union([z.number(), z.string()]);

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
      // Checked one by one: an unreadable outline is no reason to reject the others.
      segmentation: z.unknown().optional(),
      bbox: z.unknown().optional(),
    }),
  ),
  categories: z.array(z.looseObject({ id, name: z.string() })),
});
export type Coco = z.infer<typeof cocoSchema>;

/** An annotation file with its content, not yet validated. */
export interface CocoFile {
  readonly path: string;
  readonly content: unknown;
}

/**
 * Opens a JSON file if it has COCO annotations.
 *
 * @returns undefined if it has no `images` or no `annotations`
 * @throws PATH_MISSING, PATH_UNREADABLE; DATASET_INVALID if it is not JSON
 */
export async function openCoco(path: string): Promise<CocoFile | undefined> {
  return parseCoco(decodeText(await readBytes(path)), path);
}

/**
 * Opens a JSON file found in a folder, which may have any content.
 *
 * @returns undefined if it has no COCO annotations
 * @throws PATH_MISSING, PATH_UNREADABLE; DATASET_INVALID if it is not valid JSON but looks like annotations by its name or
 *   content: without them, defects would pass as good images
 */
export async function findCoco(path: string): Promise<CocoFile | undefined> {
  const text = decodeText(await readBytes(path));
  try {
    return parseCoco(text, path);
  } catch (error) {
    const isMeant =
      /annotation|coco|instances/i.test(basename(path)) || /"(images|annotations)"/.test(text);
    if (isMeant) throw error;
    return undefined;
  }
}

function parseCoco(text: string, path: string): CocoFile | undefined {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, ' ');
    const received = text.trim() === '' ? 'an empty file' : `broken JSON: ${why}`;
    fail('DATASET_INVALID', `Expected COCO annotations for ${path} but received ${received}`, {
      cause: error,
      remedy: 'Export the annotations again; if the file has none, move it elsewhere.',
    });
  }
  const isCoco =
    typeof content === 'object' &&
    content !== null &&
    'images' in content &&
    'annotations' in content;
  return isCoco ? { path, content } : undefined;
}

/**
 * Reads COCO annotations. An image is good if it has no annotations, or only categories called good, ok or normal;
 * otherwise its defect is the name of its category. Polygons and runs (RLE) become masks. If a defect has only a box, or an
 * outline that cannot be read, the whole box is its mask, and a remark says so. {@link roleOf} decides what the images of a
 * file are used for.
 *
 * @throws DATASET_INVALID, naming the item
 */
export async function readCoco(files: readonly CocoFile[]): Promise<Dataset> {
  const ignored: Ignored[] = [];
  const images: ListedImage[] = [];
  let boxes = 0;
  const className = classNameOf(dirname(resolve(files[0]?.path ?? '.')));
  for (const { path, content } of files) {
    const coco = checked(content, path);
    const folder = await imageFolder(path, coco.images[0]?.file_name);
    const entries = new AnnotatedImages(coco, path);
    const listed = new Set(coco.images.map((image) => String(image.id)));
    const lost = coco.annotations.filter(({ image_id }) => !listed.has(String(image_id))).length;
    if (lost > 0) {
      ignored.push({
        path,
        reason: `${counted(lost, 'annotation')} of images that are not listed`,
      });
    }
    for (const [index, image] of coco.images.entries()) {
      const where = `image ${index + 1} of ${path}`;
      const [name, root] = [image.file_name, rootOf(path)];
      const file = (await findListed(name, [folder], root))?.path ?? join(folder, name);
      await assertListed(file, root, where);
      const { entry, mask } = entries.entry(image, file, className);
      images.push({ role: roleOf(path), entry, where, mask });
    }
    boxes += entries.boxes;
    ignored.push(...entries.unreadable.map((reason) => ({ path, reason })));
  }
  const once = await withoutRepeats(images);
  const source = listName(files.map(({ path }) => path));
  const classes = [classFromList(className, once.images, source, ignored)];
  const remarks =
    boxes > 0
      ? [
          `${counted(boxes, 'defect')} with only a box: the whole box counts as defective, which lowers pixel metrics.`,
        ]
      : [];
  return { layout: 'COCO annotations', classes, ignored, remarks: [...remarks, ...once.remarks] };
}

function checked(content: unknown, path: string): Coco {
  const result = cocoSchema.safeParse(content);
  if (!result.success) {
    const issue = result.error.issues[0];
    const place = issue?.path.join('.') || 'the whole';
    fail(
      'DATASET_INVALID',
      `Expected COCO annotations for ${place} of ${path} but received another value: ${issue?.message}`,
    );
  }
  const { images, categories } = result.data;
  assertDistinct('images', images, ({ file_name }) => file_name, path);
  assertDistinct('categories', categories, ({ name }) => name, path);
  for (const { width, height, file_name } of images) {
    assertSize(`${file_name} of ${path}`, width, height);
  }
  return result.data;
}

/** Merged files may use one id twice, which makes annotations with it ambiguous. */
function assertDistinct<Item extends { id: string | number }>(
  list: string,
  items: readonly Item[],
  nameOf: (item: Item) => string,
  path: string,
): void {
  const known = new Map<string, string>();
  for (const item of items) {
    const id = String(item.id);
    const [name, other] = [nameOf(item), known.get(id)];
    if (other !== undefined && other !== name) {
      fail(
        'DATASET_INVALID',
        `Expected one of the ${list} of ${path} with the id ${id} but received two: ${other} and ${name}`,
      );
    }
    known.set(id, name);
  }
}

/** The folder that image names are relative to: the first candidate that holds the first image. */
async function imageFolder(file: string, first: string | undefined): Promise<string> {
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
  const found = await findListed(first, candidates, rootOf(file));
  if (found !== undefined) return found.folder;
  const [path, root] = [join(folder, first), rootOf(file)];
  if (!isInside(path, root)) await assertListed(path, root, `image 1 of ${file}`);
  fail(
    'DATASET_INVALID',
    `Expected the image ${first} of ${file} in ${candidates.join(', ')} but received nothing there`,
  );
}
