import { z } from 'zod';
import type { ImageRow } from '../repositories/images.ts';

/** Folder names that mean something other than a kind of defect to those who read an export. */
const roles = /^(good|ok|normal|train|test|val(id(ation)?)?|ground[_-]?truth|masks?)$/i;

const kind = z
  .string()
  .regex(/^[\p{L}\p{N}]([\p{L}\p{N} _-]{0,62}[\p{L}\p{N}_-])?$/u)
  .refine((text) => !roles.test(text))
  .meta({
    expected:
      'a kind of defect: up to 64 letters, digits, spaces, hyphens and underscores, not a name such as good, test or masks',
    description: 'Kind of defect, such as scratch',
  });

/** A label as it is given: what is left out of it stays, or is the default. */
export const labellingSchema = z
  .strictObject({
    label: z
      .enum(['normal', 'defect', 'none'])
      .describe('none: not labelled, so that neither training nor evaluation uses the image'),
    kind: kind.describe('Kind of defect; only with the label defect (default there: defect)'),
    split: z
      .enum(['train', 'test'])
      .describe('What a normal image is for (default: train); defects are always for testing'),
  })
  .partial();

export type Labelling = z.infer<typeof labellingSchema>;
type Labels = Pick<ImageRow, 'label' | 'kind' | 'split'>;

export const unlabelled: Labels = { label: null, kind: null, split: 'train' };

/** The labels of an image after a change. */
export function relabelled(before: Labels, { label: given, kind, split }: Labelling): Labels {
  const label = given === undefined ? before.label : given === 'none' ? null : given;
  if (label === 'defect') return { label, kind: kind ?? before.kind ?? 'defect', split: 'test' };
  return { label, kind: null, split: split ?? before.split };
}

/** The folder of a labelled image in an export: `train/good`, `test/good`, `test/KIND`. */
export function folderOf({ label, kind, split }: Labels): string {
  return label === 'defect' ? `test/${kind}` : `${split}/good`;
}

/** Where the mask of an image in `test/KIND` is: `ground_truth/KIND/NAME_mask.png`, below the same folders. */
export function maskPathOf(path: string): string {
  const [name = '', kind = '', _split, ...above] = path.split('/').reverse();
  const mask = `${name.replace(/\.[^.]*$/, '')}_mask.png`;
  return [...above.reverse(), 'ground_truth', kind, mask].join('/');
}

/** The path of the image that a mask is of, without its extension: the inverse of {@link maskPathOf}. */
export function imagePathOf(mask: string): string | undefined {
  const [, above = '', kind, name] =
    /^(.*\/)?ground_truth\/([^/]+)\/([^/]+)_mask\.png$/.exec(mask) ?? [];
  return kind === undefined ? undefined : `${above}test/${kind}/${name}`;
}

/** Whether a path is one of {@link maskPathOf}, or another below `ground_truth`. */
export function isMaskPath(path: string): boolean {
  return /(^|\/)ground_truth\//.test(path);
}

/**
 * The label that the folders of a path give: the inverse of {@link folderOf}, below any other folders. A folder `good` that
 * is not for testing is for training.
 * @returns undefined if they give none
 */
export function labelledBy(path: string): Labelling | undefined {
  const [name, split] = path.split('/').slice(0, -1).reverse();
  if (name === 'good') return { label: 'normal', split: split === 'test' ? 'test' : 'train' };
  const found = kind.safeParse(name);
  return split === 'test' && found.success ? { label: 'defect', kind: found.data } : undefined;
}

/** The kind of defect closest to a name that others chose. */
export function kindFrom(name: string): string {
  const text = name.replaceAll(/[^\p{L}\p{N} _-]+/gu, '_').replace(/^[ _-]+/, '');
  const found = kind.safeParse(text.slice(0, 64).trimEnd());
  return found.success ? found.data : 'defect';
}
