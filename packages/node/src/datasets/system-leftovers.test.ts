import { symlink } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataFolder } from '../../testing/data-folder.ts';
import { FolderWatch } from '../watching/watch-folder.ts';
import { listImages } from './folders.ts';

let data: DataFolder;
beforeEach(async () => {
  data = await DataFolder.make();
});
afterEach(() => data.remove());

const folders = {
  'a Synology NAS': ['@eaDir', '@tmp', '#recycle', '#snapshot'],
  'a QNAP NAS': ['.@__thumb', '@Recycle', '@Recently-Snapshot', '.@upload_cache'],
  'snapshots of a file server': ['~snapshot', '.snapshot', '.zfs'],
  Windows: ['$RECYCLE.BIN', 'RECYCLER', 'System Volume Information', 'FOUND.000'],
  macOS: ['__MACOSX', '.AppleDouble', '.Trashes', 'Network Trash Folder', 'Temporary Items'],
  'a Linux desktop': ['lost+found', '.Trash-1000', '.thumbnails'],
  Jupyter: ['.ipynb_checkpoints'],
  Python: ['__pycache__'],
};
const owned = Object.entries(folders).flatMap(([owner, names]) =>
  names.flatMap((name) => [name, name.toLowerCase()].map((written) => [written, owner] as const)),
);

describe('files of systems and tools', () => {
  it.each(owned)('are neither images nor a class, and are reported: %s', async (name, owner) => {
    const reason = `made by ${owner} for its own use`;
    await data.files('part/train/good/1.png', `part/train/good/${name}/1.png`);
    await data.files(`part/test/${name}/a/2.png`, `part/${name}/good/3.png`);
    const expected = { name: 'part', training: ['part/train/good/1.png'], test: [] };
    const part = await data.understood('part');
    expect(part.classes).toEqual([expected]);
    expect(part.ignored).toEqual([`part: 3 files in 3 folders ${name}: ${reason}`]);
    await data.files(`${name}/train/good/4.png`);
    expect((await data.understood('.')).classes).toEqual([expected]);
    expect(await listImages(data.path)).toEqual([data.at('part', 'train', 'good', '1.png')]);
  });

  it.each([
    ['Thumbs.db', 'Windows'],
    ['desktop.ini', 'Windows'],
    ['._1.png', 'macOS'],
    ['.DS_Store', 'macOS'],
    ['1.png@SynoEAStream', 'a Synology NAS'],
    ['model.replay/1.webp', 'Bigrid'],
  ])('are reported as files as well: %s', async (name, owner) => {
    await data.files('good/1.png', `good/${name}`);
    expect(await data.understood('.')).toMatchObject({
      classes: [{ training: ['good/1.png'] }],
      ignored: [`good/${name.split('/')[0]}: 1 file: made by ${owner} for its own use`],
    });
    await data.files(`bad/${name}`);
    const { ignored } = await data.understood('.');
    expect(ignored).toHaveLength(1);
    expect(ignored[0]).toMatch(/^\.: 2 files\b/);
    expect(ignored[0]).toContain(`made by ${owner} for its own use`);
  });

  it('are reported if hidden; links are not followed', async () => {
    await data.files('good/1.png', 'good/.hidden.png', '.git/objects/1', '.git/objects/2');
    await symlink(data.path, data.at('.again'));
    await symlink(data.path, data.at('good', 'above'));
    expect((await data.understood('.')).ignored.sort()).toEqual([
      '.: 2 files: hidden',
      '.git: 2 files: hidden',
    ]);
  });

  it.each(['eaDir', 'recycle', 'snapshot', 'tmp', 'part@2', '#1', 'Found', 'thumbs', 'lost'])(
    'is not taken for one by a name of one’s own: %s',
    async (name) => {
      await data.files(`${name}/good/1.png`);
      expect((await data.understood('.')).classes.map((own) => own.name)).toEqual([name]);
    },
  );

  it('are not watched', async () => {
    await data.files('1.png', '@eaDir/1.png/SYNOFILE_THUMB_M.jpg', '#recycle/2.png', '._1.png');
    const stop = new AbortController();
    const watch = await FolderWatch.open(data.path, { signal: stop.signal, settle: 0 });
    const given: string[] = [];
    setTimeout(() => stop.abort(), 600);
    for await (const { path } of watch.images()) given.push(path);
    await watch.close();
    expect(given.map((path) => path.split(/[\\/]/).at(-1))).toEqual(['1.png']);
    expect(given).toHaveLength(1);
  });
});
