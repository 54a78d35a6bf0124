// Changes of light, position and compression that leave a good part good, applied to decoded images.

import sharp from 'sharp';

const clamp = (value) => Math.min(255, Math.max(0, Math.round(value)));
const opened = ({ width, height, data }) => sharp(data, { raw: { width, height, channels: 3 } });

/** The pixels of a sharp pipeline, of the same size as the image it was made from. */
async function pixels(pipeline, { width, height }) {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  if (info.width !== width || info.height !== height || info.channels !== 3) {
    throw new Error(
      `Expected ${width} x ${height} x 3 but received ${info.width} x ${info.height} x ${info.channels}`,
    );
  }
  return { width, height, data: new Uint8Array(data) };
}

/** Each channel times a gain, clipped at 255. */
const gains = (red, green, blue) => (image) =>
  pixels(opened(image).linear([red, green, blue], [0, 0, 0]), image);

/** 255 (v / 255)^exponent: below 1 it brightens mid-tones. */
const gamma = (exponent) => async (image) => {
  const curve = Uint8Array.from({ length: 256 }, (_, v) => clamp(255 * (v / 255) ** exponent));
  return { ...image, data: image.data.map((value) => curve[value]) };
};

/** Right and down by some pixels; the left and upper edges are replicated. */
const shift = (by) => (image) => {
  const { width, height } = image;
  const kept = { left: 0, top: 0, width: width - by, height: height - by };
  return pixels(
    opened(image).extract(kept).extend({ left: by, top: by, extendWith: 'copy' }),
    image,
  );
};

/** Shrunk and pasted back in the centre, with replicated edges, as if the camera were further away. */
const shrink = (factor) => async (image) => {
  const { width, height } = image;
  const [w, h] = [Math.round(factor * width), Math.round(factor * height)];
  const small = await opened(image).resize(w, h, { fit: 'fill' }).raw().toBuffer();
  const [left, top] = [Math.floor((width - w) / 2), Math.floor((height - h) / 2)];
  const border = { left, top, right: width - w - left, bottom: height - h - top };
  const whole = opened({ width: w, height: h, data: small });
  return pixels(whole.extend({ ...border, extendWith: 'copy' }), image);
};

const jpeg = (quality) => async (image) =>
  pixels(sharp(await opened(image).jpeg({ quality }).toBuffer()), image);

/** By name, in the order of the table. Each takes an image as an entry reads it, 8-bit RGB, and returns another. */
export const imageChanges = {
  unchanged: async (image) => image,
  'brightness x 0.8': gains(0.8, 0.8, 0.8),
  'brightness x 0.85': gains(0.85, 0.85, 0.85),
  'brightness x 1.15': gains(1.15, 1.15, 1.15),
  'brightness x 1.2': gains(1.2, 1.2, 1.2),
  'gamma 0.85': gamma(0.85),
  'gamma 1.15': gamma(1.15),
  'warm lamp (red x 1.1, blue x 0.9)': gains(1.1, 1, 0.9),
  'cold lamp (red x 0.9, blue x 1.1)': gains(0.9, 1, 1.1),
  'shift by 2 pixels': shift(2),
  'shift by 8 pixels': shift(8),
  '90 % of the size': shrink(0.9),
  'JPEG quality 50': jpeg(50),
};
