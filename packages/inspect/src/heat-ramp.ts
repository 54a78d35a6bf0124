/** Opacity of the strongest colour: the image below stays visible. */
const STRONGEST = 0.82;
/** Start of the colours, so that values just above the lowest are visible, although dark. */
const FAINTEST = 0.2;

/** Polynomial fit by Matt Zucker (CC0) of matplotlib's inferno (CC0): a row per power, a column per channel. */
const INFERNO = [
  [0.0002189403691192265, 0.001651004631001012, -0.01948089843709184],
  [0.1065134194856116, 0.5639564367884091, 3.932712388889277],
  [11.60249308247187, -3.972853965665698, -15.9423941062914],
  [-41.70399613139459, 17.43639888205313, 44.35414519872813],
  [77.162935699427, -33.40235894210092, -81.80730925738993],
  [-71.31942824499214, 32.62606426397723, 73.20951985803202],
  [25.13112622477341, -12.24266895238567, -23.07032500287172],
] as const;

/**
 * The colours of heat maps: `[256, 4]`, red, green, blue and opacity, 0..255, for map values from the lowest to the highest
 * of the scale. The first is transparent: nothing up to the lowest value is coloured. The others are those of inferno (dark
 * violet, red, orange, pale yellow: lighter is more anomalous), more opaque with the value.
 */
export const heatRamp: Readonly<Uint8ClampedArray> = /* @__PURE__ */ makeRamp();

function makeRamp(): Uint8ClampedArray {
  const ramp = new Uint8ClampedArray(256 * 4);
  for (let i = 1; i < 256; i++) {
    const value = FAINTEST + (1 - FAINTEST) * (i / 255);
    for (let channel = 0; channel < 3; channel++) {
      // Horner's scheme, from the highest power down.
      ramp[i * 4 + channel] =
        255 * INFERNO.reduceRight((sum, row) => sum * value + (row[channel] ?? 0), 0);
    }
    ramp[i * 4 + 3] = 255 * STRONGEST * value ** 0.7;
  }
  return ramp;
}
