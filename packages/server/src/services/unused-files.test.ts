import { mkdir, readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { useServices } from '../../testing/app.ts';
import { imageBytes, maskBytes, tinyModel, useFolder } from '../../testing/server.ts';
import { replayName } from '../job-files.ts';
import { FileRepository } from '../repositories/files.ts';
import { PreviewRepository } from '../repositories/previews.ts';
import { ReplayRepository } from '../repositories/replays.ts';
import { UnusedFiles } from './unused-files.ts';

const services = useServices();
const at = useFolder();

it('removes the file, the mask and the small copy of an image once no project has it', async () => {
  const { groundTruths, images, jobs, models, projects } = services();
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
  const replays = new ReplayRepository(folder);
  const parts = { files, previews, replays, images, models, jobs };
  const unused = new UnusedFiles({ ...parts, onError: console.error });
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

it('removes what trainings kept for updates of models that are gone, unless it is new', async () => {
  const { images, jobs, models } = services();
  const content = Readable.from([await tinyModel()]);
  await models.add({ model: 'part', content, note: '', activate: true });
  const used = replayName((await models.detailed('part', 1)).manifest);

  const folder = at('kept');
  const replays = new ReplayRepository(folder);
  for (const name of [used, 'gone', 'new'])
    await mkdir(join(replays.folder, name, 'learnt'), { recursive: true });
  for (const name of [used, 'gone']) await utimes(join(replays.folder, name), 1000, 1000);
  const [files, previews] = [await FileRepository.open(folder), new PreviewRepository(folder)];
  const parts = { files, previews, replays, images, models, jobs };
  const unused = new UnusedFiles({ ...parts, onError: console.error });
  const left = async () => {
    await unused.removeReplays(3_600_000);
    return (await readdir(replays.folder)).sort();
  };
  expect(await left()).toEqual([used, 'new']);
  await models.remove('part');
  expect(await left()).toEqual(['new']);
});
