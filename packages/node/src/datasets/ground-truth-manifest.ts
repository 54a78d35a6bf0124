import { dirname, join, resolve } from 'node:path';
import { fail } from '@bigrid/errors';
import { z } from 'zod';
import { readBytes } from '../files/files.ts';
import { decodeText } from '../files/text.ts';
import { imageEntry } from '../images/images.ts';
import {
  classFromList,
  type Dataset,
  type DatasetOptions,
  defectName,
  type Ignored,
  isGoodLabel,
  type ListedImage,
  listName,
  roleOf,
} from './dataset.ts';
import { assertListed, findListed, isPresent, rootOf } from './listed-files.ts';
import { readMaskExcept } from './mask-files.ts';
import { classNameOf } from './names.ts';
import { withoutRepeats } from './repeats.ts';

const recordSchema = z.looseObject({ 'source-ref': z.string().min(1) });
const metadataSchema = z.looseObject({
  type: z.string().optional(),
  'class-name': z.string().optional(),
  'internal-color-map': z
    .record(
      z.string(),
      z.looseObject({ 'class-name': z.string(), 'hex-color': z.string() }).partial(),
    )
    .optional(),
});
type Line = z.infer<typeof recordSchema>;
type Metadata = z.infer<typeof metadataSchema>;

/**
 * Reads manifests of Amazon Lookout for Vision and SageMaker Ground Truth: one JSON object per line, with
 * `source-ref`, a label of the type `groundtruth/image-classification` (such as `anomaly-label` with
 * `anomaly-label-metadata`), and optionally a mask of the type `groundtruth/semantic-segmentation`
 * (`anomaly-mask-ref`), defective wherever its colour is not that of BACKGROUND. {@link roleOf} decides what the images
 * of a manifest are used for.
 *
 * @param files paths of manifests; paths in a manifest are relative to its folder
 * @throws PATH_MISSING, PATH_UNREADABLE; DATASET_INVALID, naming the line
 */
export async function readManifests(
  files: readonly string[],
  options: DatasetOptions,
): Promise<Dataset> {
  const ignored: Ignored[] = [];
  const folder = dirname(resolve(files[0] ?? '.'));
  const className = classNameOf(folder);
  const images: ListedImage[] = [];
  for (const file of files) {
    const lines = decodeText(await readBytes(file)).split('\n');
    for (const [index, text] of lines.entries()) {
      if (text.trim() === '') continue;
      const where = `line ${index + 1} of ${file}`;
      const line = parseLine(text, where);
      images.push(await listedImage(line, file, className, where, options));
    }
  }
  const once = await withoutRepeats(images);
  const classes = [classFromList(className, once.images, listName(files), ignored)];
  return { layout: 'Ground Truth manifest', classes, ignored, remarks: once.remarks };
}

function parseLine(text: string, where: string): Line {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const shown = text.trim().slice(0, 40);
    fail('DATASET_INVALID', `Expected a JSON object for ${where} but received ${shown}`, {
      cause: error,
    });
  }
  const line = recordSchema.safeParse(value);
  if (line.success) return line.data;
  const received = typeof value === 'object' && value !== null ? Object.keys(value) : [text.trim()];
  fail(
    'DATASET_INVALID',
    `Expected source-ref, the address of an image, for ${where} but received ${received.join(', ')}`,
  );
}

async function listedImage(
  line: Line,
  file: string,
  className: string,
  where: string,
  options: DatasetOptions,
): Promise<ListedImage> {
  const defect = defectOf(line, where);
  const path = await localPath(line['source-ref'], file, where, options);
  const mask = defect === 'good' ? undefined : maskOf(line);
  const maskPath = mask && (await localPath(mask.address, file, where, options));
  return {
    role: roleOf(file),
    where,
    mask: maskPath,
    entry: {
      ...imageEntry(path),
      className,
      defect,
      readMask:
        mask && maskPath !== undefined
          ? () => readMaskExcept(maskPath, backgroundOf(mask.metadata, where))
          : undefined,
    },
  };
}

/** `good`, or the name of the defect. Ignores the numeric label, which published examples use inconsistently. */
function defectOf(line: Line, where: string): string {
  const label = attribute(line, 'anomaly-label', 'image-classification');
  const name = label?.metadata['class-name'];
  if (name !== undefined) return isGoodLabel(name) ? 'good' : defectName(name);
  if (label?.value === 0) return 'good';
  if (typeof label?.value === 'number') return 'anomaly';
  fail(
    'DATASET_INVALID',
    `Expected anomaly-label, or a label of the type groundtruth/image-classification, for ${where} but received ${Object.keys(line).join(', ')}`,
  );
}

function maskOf(line: Line): { address: string; metadata: Metadata } | undefined {
  const mask = attribute(line, 'anomaly-mask-ref', 'semantic-segmentation');
  return typeof mask?.value === 'string'
    ? { address: mask.value, metadata: mask.metadata }
    : undefined;
}

/** The attribute with that name, or else the first whose metadata state that type. */
function attribute(
  line: Line,
  name: string,
  type: string,
): { value: unknown; metadata: Metadata } | undefined {
  const metadataOf = (key: string) => metadataSchema.safeParse(line[`${key}-metadata`]).data;
  const key =
    name in line
      ? name
      : Object.keys(line).find((other) => metadataOf(other)?.type === `groundtruth/${type}`);
  return key === undefined ? undefined : { value: line[key], metadata: metadataOf(key) ?? {} };
}

/** The background colour; white if the colour map does not state one. */
function backgroundOf(metadata: Metadata, where: string): [number, number, number] {
  const colours = Object.values(metadata['internal-color-map'] ?? {});
  const background = colours.find((colour) => /^background$/i.test(colour['class-name'] ?? ''));
  const text = background?.['hex-color'] ?? '#ffffff';
  const digits = /^#?([0-9a-f]{6})$/i.exec(text)?.[1];
  if (digits === undefined) {
    fail(
      'DATASET_INVALID',
      `Expected a colour such as #ffffff for the background in ${where} but received ${text}`,
    );
  }
  const [red = 0, green = 0, blue = 0] = Buffer.from(digits, 'hex');
  return [red, green, blue];
}

async function localPath(
  address: string,
  file: string,
  where: string,
  { s3Root }: DatasetOptions,
): Promise<string> {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.+)$/i.exec(address) ?? [];
  if (bucket === undefined || key === undefined) {
    const [folder, root] = [dirname(file), rootOf(file)];
    const found = await findListed(address, [folder], root);
    const path = resolve(found?.path ?? resolve(folder, address));
    await assertListed(path, root, where);
    return path;
  }
  if (s3Root === undefined) {
    fail(
      'DATASET_INVALID',
      `Expected a folder with a copy of the bucket ${bucket} (\`s3Root\`) for ${where} but received only the address ${address}`,
      { remedy: 'Copy the bucket (`aws s3 sync`), and pass the folder of the copy as `s3Root`.' },
    );
  }
  const withBucket = join(s3Root, bucket, key);
  const path = join(s3Root, key);
  for (const candidate of [withBucket, path]) {
    if (!(await isPresent(candidate))) continue;
    await assertListed(candidate, s3Root, where);
    return candidate;
  }
  fail(
    'DATASET_INVALID',
    `Expected the file of ${where} at ${withBucket} or ${path} but received nothing`,
  );
}
