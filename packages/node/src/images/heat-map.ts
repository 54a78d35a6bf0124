import { fail } from '@bigrid/errors';
import { heatRamp, type Image, type MapScale, type Mask, type Region } from '@bigrid/inspect';
import sharp, { type OverlayOptions } from 'sharp';
import { hatch } from './hatching.ts';

/** An anomaly map: `[height, width]`, row by row; the higher a value, the more unusual that place. */
export interface HeatMapValues {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** The scale is the same for all images, or they cannot be compared. */
export interface HeatMapOptions extends MapScale {
  /** Regions to outline, in pixels of the image. */
  readonly regions?: readonly Pick<Region, 'outline'>[] | undefined;
  /** Mask of ignored areas to hatch, of any size, white there. */
  readonly ignored?: Mask | undefined;
}

/** Longer images are drawn at this length, to keep reports small. */
const longestSide = 1024;
/** Width of the outline, in pixels of the drawing. */
const outlineWidth = 2;
const outlineColour = '#40e0ff';

/**
 * Draws an anomaly map over its image: the image in grey, the map in the colours of inferno (dark violet,
 * red, orange, pale yellow: lighter is more anomalous), and a cyan line around each region. Values up to `lowest` are not
 * drawn. The scale is not stretched to the image, so that normal parts have no colour. Ignored areas are hatched.
 *
 * @param map of any size; interpolated bilinearly to the size of the image
 * @returns a PNG with the aspect ratio of the image, at most 1,024 pixels long. Infinity is drawn as `highest`, NaN as
 *   `lowest`.
 * @throws OPTION_INVALID if the sizes or the scale are inconsistent
 */
export async function drawHeatMap(
  image: Image,
  map: HeatMapValues,
  options: HeatMapOptions,
): Promise<Buffer> {
  const { lowest, highest, regions = [], ignored } = options;
  if (!(lowest < highest)) {
    fail(
      'OPTION_INVALID',
      `Expected lowest below highest for the scale of a heat map but received ${lowest} and ${highest}`,
    );
  }
  assertSize(map.data.length, map.width * map.height, 'the values of a heat map');
  assertSize(image.data.length, image.width * image.height * 3, 'the bytes of an image');

  const { width, height, data: grey } = await greyDrawing(image);
  const scale = highest - lowest;
  const heat = enlarge(map, width, height, options);
  const drawing = new Uint8Array(width * height * 3);
  for (let i = 0; i < grey.length; i++) {
    const share = Math.min(1, ((heat[i] ?? lowest) - lowest) / scale);
    const colour = share > 0 ? 4 * Math.max(1, Math.round(share * 255)) : 0;
    const opacity = (heatRamp[colour + 3] ?? 0) / 255;
    for (let channel = 0; channel < 3; channel++) {
      const below = grey[i] ?? 0;
      const above = heatRamp[colour + channel] ?? 0;
      drawing[i * 3 + channel] = Math.round(below + (above - below) * opacity);
    }
  }
  if (ignored) hatch({ width, height, data: drawing }, ignored);
  const outlines = outlinesOf(regions, image, { width, height });
  // Level 4 takes a third of the time of the default for files a few percent larger.
  return sharp(drawing, { raw: { width, height, channels: 3 } })
    .composite(outlines)
    .removeAlpha()
    .png({ compressionLevel: 4 })
    .toBuffer();
}

async function greyDrawing(
  image: Image,
): Promise<{ width: number; height: number; data: Uint8Array }> {
  const { data, info } = await sharp(image.data, {
    raw: { width: image.width, height: image.height, channels: 3 },
    limitInputPixels: false,
  })
    .resize(longestSide, longestSide, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('b-w')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

/** Bilinear, pixel centres on pixel centres: x maps to `(x + 0.5) * mapWidth / width - 0.5`. */
function enlarge(
  map: HeatMapValues,
  width: number,
  height: number,
  { lowest, highest }: HeatMapOptions,
): Float32Array {
  const columns = bilinearTaps(map.width, width);
  const rows = bilinearTaps(map.height, height);
  // Infinite values cannot be interpolated.
  const clean = map.data.map((value) => {
    if (Number.isFinite(value)) return value;
    return value === Number.POSITIVE_INFINITY ? highest : lowest;
  });
  const heat = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    const top = (rows.first[y] ?? 0) * map.width;
    const bottom = (rows.second[y] ?? 0) * map.width;
    const down = rows.weight[y] ?? 0;
    for (let x = 0; x < width; x++) {
      const left = columns.first[x] ?? 0;
      const right = columns.second[x] ?? 0;
      const across = columns.weight[x] ?? 0;
      const above = mix(clean[top + left] ?? 0, clean[top + right] ?? 0, across);
      const below = mix(clean[bottom + left] ?? 0, clean[bottom + right] ?? 0, across);
      heat[y * width + x] = mix(above, below, down);
    }
  }
  return heat;
}

function bilinearTaps(
  from: number,
  to: number,
): { first: Uint32Array; second: Uint32Array; weight: Float32Array } {
  const first = new Uint32Array(to);
  const second = new Uint32Array(to);
  const weight = new Float32Array(to);
  for (let i = 0; i < to; i++) {
    const at = Math.min(from - 1, Math.max(0, ((i + 0.5) * from) / to - 0.5));
    first[i] = Math.floor(at);
    second[i] = Math.min(from - 1, Math.floor(at) + 1);
    weight[i] = at - Math.floor(at);
  }
  return { first, second, weight };
}

/** A line along each outline, with a thin dark rim on both sides that keeps it visible on any image. */
function outlinesOf(
  regions: NonNullable<HeatMapOptions['regions']>,
  image: Image,
  drawing: { width: number; height: number },
): OverlayOptions[] {
  if (regions.length === 0) return [];
  const [across, down] = [drawing.width / image.width, drawing.height / image.height];
  const path = regions
    .map(({ outline }) => `M${outline.map(([x, y]) => `${x * across} ${y * down}`).join('L')}Z`)
    .join('');
  const line = (width: number, stroke: string) =>
    `<path d="${path}" fill="none" stroke-linejoin="round" stroke-width="${width}" ${stroke}/>`;
  const rim = line(outlineWidth + 2, 'stroke="#000" stroke-opacity="0.45"');
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${drawing.width}" height="${drawing.height}">${rim}${line(outlineWidth, `stroke="${outlineColour}"`)}</svg>`;
  return [{ input: Buffer.from(svg) }];
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

function assertSize(received: number, expected: number, what: string): void {
  if (received !== expected) {
    fail('OPTION_INVALID', `Expected ${expected} for ${what} but received ${received}`);
  }
}
