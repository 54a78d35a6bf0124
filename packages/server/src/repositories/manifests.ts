import { type Manifest, readBundle } from '@bigrid/node';
import type { FileRepository } from './files.ts';

/** Manifests that are kept; each has some kilobytes of scores. */
const MOST_KEPT = 200;

/** The manifests in model files, by the SHA-256 of the file. They are read once, since a file never changes. */
export class ManifestRepository {
  readonly #files: FileRepository;
  readonly #known = new Map<string, Manifest>();

  constructor(files: FileRepository) {
    this.#files = files;
  }

  /** @throws PATH_MISSING, PATH_UNREADABLE, BUNDLE_INVALID */
  async read(hash: string): Promise<Manifest> {
    const known = this.#known.get(hash);
    if (known) return known;
    const { manifest } = await readBundle(this.#files.pathOf(hash));
    if (this.#known.size >= MOST_KEPT) this.#known.clear();
    this.#known.set(hash, manifest);
    return manifest;
  }
}
