import { fail } from '@bigrid/errors';
import type { TiffDirectory } from './tiff-directory.ts';

const tags = { compression: 259, photometric: 262, samples: 277, extraSamples: 338 } as const;
const YCBCR = 6;
const JPEG = 7;
/** None, CCITT (three kinds), LZW, JPEG, Deflate (two numbers), PackBits, WebP. Of others the decoder makes black tiles. */
const decoded: ReadonlySet<number> = new Set([1, 2, 3, 4, 5, JPEG, 8, 32_773, 32_946, 50_001]);
/** Values of ExtraSamples: what is not alpha is no part of the image that people see. */
const UNSPECIFIED = 0;

/** How many samples a pixel's colour takes, by PhotometricInterpretation, as far as they are decoded. */
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
 * Whether a page's last sample has to be left out: one that is neither colour nor alpha, such as near infrared, which the
 * decoder would take for alpha.
 *
 * @param name names the image in errors.
 * @throws IMAGE_UNREADABLE for colours, samples and compressions that would be decoded to wrong pixels
 */
export async function hasSampleToDrop(directory: TiffDirectory, name: string): Promise<boolean> {
  const first = async (tag: number) => (await directory.values(tag))[0];
  // Absent in files whose fault the decoder finds.
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
    refuse(name, 'YCbCr with JPEG compression alone', 'YCbCr with another or none');
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
