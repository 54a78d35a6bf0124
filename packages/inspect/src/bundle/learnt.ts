/** Bytes kept of each digest: among a million images, two collide with a probability of 3e-8. */
const KEPT_BYTES = 8;

/**
 * What a manifest records about the images that a model learnt: enough to recognise them, not to restore them.
 * @param digests SHA-256 over the pixels of each
 * @param before an earlier result, for the images that the model learnt before
 * @returns 8 bytes of each, concatenated, in base64
 */
export function learntFrom(digests: readonly Uint8Array[], before?: string): string {
  const all = new Set([...partsOf(before), ...digests.map(shortened)]);
  return btoa([...all].join(''));
}

/** @returns a function from the SHA-256 over an image's pixels to whether the image was learnt */
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
