import { basename, dirname, join, resolve } from 'node:path';
import { counted, fail } from '@bigrid/errors';
import { CsvError, parse } from 'csv-parse/sync';
import { readBytes } from '../files/files.ts';
import { decodeText } from '../files/text.ts';
import { imageEntry } from '../images/images.ts';
import { type Listing, listFolder, naturalOrder } from '../images/listing.ts';
import {
  classFromList,
  type Dataset,
  defectName,
  type Ignored,
  isGoodLabel,
  type ListedImage,
} from './dataset.ts';
import { assertListed, findListed, isPresent } from './listed-files.ts';
import { readLabelMasks } from './mask-files.ts';
import { contents, folderNamed } from './names.ts';
import { withoutRepeats } from './repeats.ts';

/** A VisA table, and the product to read from it. */
export interface VisaTable {
  readonly table: string;
  /** The one product wanted; undefined for all. */
  readonly product?: string | undefined;
}

const columns = ['object', 'split', 'label', 'image', 'mask'] as const;
type Row = Readonly<Record<(typeof columns)[number], string>>;

/**
 * Recognises VisA: a folder with `split_csv/1cls.csv`, or a product's folder (with `Data/Images`) next to it.
 *
 * @returns undefined if the folder has another layout
 * @throws DATASET_INVALID if there are VisA images but no table
 */
export async function findVisa(dir: string, listing: Listing): Promise<VisaTable | undefined> {
  const own = join(dir, 'split_csv', '1cls.csv');
  if (await isPresent(own)) return { table: own };
  if (await hasVisaImages(dir, listing)) {
    const absolute = resolve(dir);
    const sibling = join(dirname(absolute), 'split_csv', '1cls.csv');
    if (await isPresent(sibling)) return { table: sibling, product: basename(absolute) };
    return failOnMissingTable(dir, sibling);
  }
  if (folderNamed(listing, 'split_csv') !== undefined) return failOnMissingTable(dir, own);
  for (const name of listing.folders) {
    const folder = join(dir, name);
    if (await hasVisaImages(folder, await listFolder(folder))) {
      return failOnMissingTable(dir, own);
    }
  }
  return undefined;
}

async function hasVisaImages(dir: string, listing: Listing): Promise<boolean> {
  if (!listing.folders.includes('Data')) return false;
  return (await listFolder(join(dir, 'Data'))).folders.includes('Images');
}

async function failOnMissingTable(dir: string, table: string): Promise<never> {
  const received = `${await contents(dir)} without it`;
  fail('DATASET_INVALID', `Expected the table of VisA at ${table} but received ${received}`);
}

/**
 * Reads a VisA table: `object,split,label,image,mask`, with paths relative to the parent of `split_csv` (or to the
 * table's own folder). Products without a folder are left out.
 *
 * @throws PATH_MISSING, PATH_UNREADABLE; DATASET_INVALID, naming the line, if a column, an image or a mask is missing
 */
export async function readVisa({ table, product }: VisaTable): Promise<Dataset> {
  const folder = dirname(resolve(table));
  const root = basename(folder) === 'split_csv' ? dirname(folder) : folder;
  const rows = rowsOf(await readBytes(table), table);
  const products = new Set<string>();
  const images: ListedImage[] = [];
  const absent = new Map<string, number>();
  for (const { row, line } of rows) {
    if (product !== undefined && row.object !== product) continue;
    if (!products.has(row.object) && !absent.has(row.object)) {
      if (await isPresent(join(root, row.object))) products.add(row.object);
      else absent.set(row.object, 0);
    }
    if (products.has(row.object)) {
      images.push(await listedImage(row, root, `line ${line} of ${table}`));
    } else absent.set(row.object, (absent.get(row.object) ?? 0) + 1);
  }
  const ignored: Ignored[] = [...absent].map(([name, number]) => ({
    path: join(root, name),
    reason: `${counted(number, 'image')} that the table lists: the folder is not there`,
  }));
  // Over all products: one may label good what another labels defective.
  const once = await withoutRepeats(images);
  const byProduct = Map.groupBy(once.images, ({ entry }) => entry.className);
  const names = [...products].sort(naturalOrder);
  const classes = names.map((name) =>
    classFromList(name, byProduct.get(name) ?? [], table, ignored),
  );
  return { layout: 'VisA', classes, ignored, remarks: once.remarks };
}

async function listedImage(row: Row, root: string, where: string): Promise<ListedImage> {
  if (row.split !== 'train' && row.split !== 'test') {
    fail('DATASET_INVALID', `Expected train or test for ${where} but received ${row.split}`);
  }
  const path = await fileOf(row.image, root, where);
  const isGood = isGoodLabel(row.label);
  const mask = isGood || row.mask === '' ? undefined : await fileOf(row.mask, root, where);
  return {
    role: row.split === 'test' ? 'test' : 'training',
    where,
    mask,
    entry: {
      ...imageEntry(path),
      className: row.object,
      defect: isGood ? 'good' : defectName(row.label),
      readMask: mask === undefined ? undefined : () => readLabelMasks([mask]),
    },
  };
}

async function fileOf(name: string, root: string, where: string): Promise<string> {
  const path = (await findListed(name, [root], root))?.path ?? join(root, name);
  await assertListed(path, root, where);
  return path;
}

function rowsOf(bytes: Uint8Array, table: string): { row: Row; line: number }[] {
  try {
    const parsed = parse(decodeText(bytes), {
      columns: (names: string[]) => assertColumns(names, table),
      info: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { record: Row; info: { lines: number } }[];
    return parsed.map(({ record, info }) => ({ row: record, line: info.lines }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    fail('DATASET_INVALID', `Expected a table for ${table} but received: ${error.message}`, {
      cause: error,
    });
  }
}

function assertColumns(names: string[], table: string): string[] {
  const missing = columns.filter((column) => !names.includes(column));
  if (missing.length > 0) {
    fail(
      'DATASET_INVALID',
      `Expected the columns ${columns.join(', ')} for ${table} but received ${names.join(', ')}: ${missing.join(', ')} missing`,
    );
  }
  return names;
}
