/** Bytes kept of each digest: among a million images two are the same by chance with a probability of 3e-8. */
const KEPT_BYTES = 8;

/**
 * What a manifest keeps of the images that a model learnt: enough to recognise each of them, not to restore any.
 * @param digests SHA-256 over the pixels of each
 * @param before of what the same model learnt before, as this returns it
 * @returns 8 bytes of each, one after the other, in base64
 */
export function learntFrom(digests: readonly Uint8Array[], before?: string): string {
  const all = new Set([...partsOf(before), ...digests.map(shortened)]);
  return btoa([...all].join(''));
}

/** @returns tells of the SHA-256 over an image's pixels whether the image was learnt */
export function recogniserOf(learnt?: string): (digest: Uint8Array) => boolean {
  const known = new Set(partsOf(learnt));
  return (digest) => known.has(shortened(digest));
}

function partsOf(learnt = ''): string[] {
  return atob(learnt).match(new RegExp(`[^]{${KEPT_BYTES}}`, 'g')) ?? [];
}

function shortened(digest: Uint8Array): string {
  return String.fromCharCode(...digest.subarray(0, KEPT_BYTES));
}
