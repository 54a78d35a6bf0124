import { sha256 } from '@noble/hashes/sha2.js';

/**
 * SHA-256. `crypto.subtle` is several times as fast as JavaScript and does not block the main thread, but pages without a
 * secure context lack it.
 */
export async function digest(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (!subtle) return new Uint8Array(sha256(bytes));
  return new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}

/** SHA-256 over the digest of everything so far and the next digest. */
export async function chain(
  before: Uint8Array,
  next: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const both = new Uint8Array(before.length + next.length);
  both.set(before);
  both.set(next, before.length);
  return digest(both);
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: text.length / 2 }, (_, at) =>
    Number.parseInt(text.slice(2 * at, 2 * at + 2), 16),
  );
}
