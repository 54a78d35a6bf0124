import { fail } from '@bigrid/errors';
import type { TiffDirectory } from './tiff-directory.ts';

const tags = { compression: 259, photometric: 262, samples: 277, extraSamples: 338 } as const;
const YCBCR = 6;
const JPEG = 7;
/** None, CCITT (three kinds), LZW, JPEG, Deflate (two numbers), PackBits, WebP. The decoder returns black tiles for others. */
const decoded: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, JPEG, 8, 32_773, 32_946, 50_001]);
/** Value of ExtraSamples for a sample that is not alpha, and not part of the visible image. */
const UNSPECIFIED = 0;

/** Number of colour samples per pixel, by PhotometricInterpretation, for supported values. */
const colours: Readonly<Record<number, { readonly samples: number; readonly name: string }>> = {
  0: { samples: 1, name: 'grey' },
  1: { samples: 1, name: 'grey' },
  2: { samples: 3, name: 'RGB' },
  3: { samples: 1, name: 'palette' },
  5: { samples: 4, name: 'CMYK' },
  6: { samples: 3, name: 'YCbCr' },
  8: { samples: 3, name: 'L*a*b*' },
};

/**
 * Whether the last sample of a page must be dropped: it is neither colour nor alpha, such as near infrared, and the decoder
 * would treat it as alpha.
 *
 * @param name names the image in errors.
 * @throws IMAGE_UNREADABLE for colours, samples and compressions that would be decoded to wrong pixels
 */
export async function hasSampleToDrop(directory: TiffDirectory, name: string): Promise<boolean> {
  const first = async (tag: number) => (await directory.values(tag))[0];
  // Missing in files that the decoder rejects.
  const photometric = await first(tags.photometric);
  if (photometric === undefined) return false;
  const colour = colours[photometric];
  if (colour === undefined) {
    refuse(name, 'RGB, grey, palette, CMYK or L*a*b*', `colours of kind ${photometric}`);
  }
  const compression = (await first(tags.compression)) ?? 1;
  if (!decoded.has(compression)) {
    const expected = 'LZW, Deflate, PackBits, JPEG, WebP, CCITT or no compression';
    refuse(name, expected, `compression ${compression}`);
  }
  if (photometric === YCBCR && compression !== JPEG) {
    refuse(name, 'YCbCr only with JPEG compression', 'YCbCr with another or none');
  }
  const extra = ((await first(tags.samples)) ?? 1) - colour.samples;
  if (extra <= 0) return false;
  const kinds = await directory.values(tags.extraSamples);
  if (extra > 1) refuse(name, `${colour.name} and one more sample`, `${extra} more`);
  return (kinds[0] ?? UNSPECIFIED) === UNSPECIFIED;
}

function refuse(name: string, expected: string, received: string): never {
  fail('IMAGE_UNREADABLE', `Expected ${expected} for ${name} but received ${received}`);
}
