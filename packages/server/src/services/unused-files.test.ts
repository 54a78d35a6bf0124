import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { useServices } from '../../testing/app.ts';
import { imageBytes, maskBytes, useFolder } from '../../testing/server.ts';
import { FileRepository } from '../repositories/files.ts';
import { PreviewRepository } from '../repositories/previews.ts';
import { UnusedFiles } from './unused-files.ts';

const services = useServices();
const at = useFolder();

it('removes the file, the mask and the small copy of an image once no project has it', async () => {
  const { groundTruths, images, models, projects } = services();
  for (const name of ['a', 'b']) await projects.create(name);
  const add = async (project: string, seed: number) =>
    images.add(project, 'x.png', Readable.from([await imageBytes(seed)]), { label: 'defect' });
  const [kept, shared] = [await add('a', 1), await add('a', 2)];
  const other = await add('b', 2);
  await groundTruths.set('b', other.id, Readable.from([await maskBytes()]));
  const truth = groundTruths.read('b', other.id);

  // The same content in a data folder of its own.
  const folder = at('data');
  await mkdir(folder);
  const [files, previews] = [await FileRepository.open(folder), new PreviewRepository(folder)];
  for (const image of [kept, shared]) {
    await files.store(await files.receive(images.original('a', image.id).content, 1e6));
    await previews.write(image.file, new Uint8Array(1));
  }
  await files.store(await files.receive(truth.content, 1e6));
  const unused = new UnusedFiles({ files, previews, images, models, onError: console.error });
  const left = async () => {
    await unused.remove(0);
    return Promise.all(
      [kept, shared].map(async ({ file }) => [
        await files.has(file),
        (await previews.read(file)) !== undefined,
      ]),
    );
  };
  const [both, none] = [
    [true, true],
    [false, false],
  ];
  await images.remove('a', shared.id);
  expect(await left()).toEqual([both, both]);
  expect(await files.has(truth.hash)).toBe(true);
  await projects.remove('b');
  expect(await left()).toEqual([both, none]);
  expect(await files.has(truth.hash)).toBe(false);
  expect((await stat(join(folder, 'files'))).isDirectory()).toBe(true);
});
