/** Names of folders and files that systems and tools create for themselves, by creator. */
const systemNames: Readonly<Record<string, RegExp>> = {
  'a Synology NAS': /^(@eadir|@tmp|@sharesnap|#recycle|#snapshot|.+@syno(eastream|resource))$/i,
  'a QNAP NAS': /^(\.@__(thumb|qini|desc|comments)|@recycle|@recently-snapshot|\.@.+)$/i,
  'snapshots of a file server': /^(~snapshot|\.snapshots?|\.zfs)$/i,
  Windows:
    /^(\$recycle\.bin|recycler|recycled|system volume information|thumbs\.db(:.*)?|ehthumbs(_vista)?\.db|desktop\.ini|found\.\d{3})$/i,
  macOS:
    /^(__macosx|\._.*|\.ds_store|\.appledouble|\.appledb|\.appledesktop|\.spotlight-v100|\.trashes|\.fseventsd|\.temporaryitems|\.documentrevisions-v100|network trash folder|temporary items|icon\r)$/i,
  'a Linux desktop': /^(lost\+found|\.trash(-\d+)?|\.thumbnails|\.directory|\.nfs[0-9a-f]+)$/i,
  Jupyter: /^\.ipynb_checkpoints$/i,
  Python: /^__pycache__$/i,
};

/**
 * The system or tool that creates folders or files with this name for itself, such as `@eaDir` with thumbnails.
 *
 * @returns undefined for all other names; `'hidden'` for those that begin with a dot.
 */
export function systemOwner(name: string): string | undefined {
  for (const [owner, names] of Object.entries(systemNames)) if (names.test(name)) return owner;
  return name.startsWith('.') ? 'hidden' : undefined;
}
