/** A colour, 0..1 for each of red, green and blue; written to while a pixel is drawn. */
export type Colour = [red: number, green: number, blue: number];

/** A place on the part: pixels of a 320-pixel drawing from its middle, turned with the part. */
export interface Place {
  u: number;
  v: number;
  /** Distance from the middle. */
  radius: number;
}

export const rimRadius = 130;
export const holeCircle = 95;
export const holeCount = 6;
export const holeRadius = 11;
export const sinkRadius = 15.5;
export const sealInner = 60;
export const sealOuter = 69;
export const bushRadius = 45;
export const boreRadius = 28;

/** Middle of a bolt hole. */
export function holeAt(index: number): { u: number; v: number } {
  const angle = ((index + 0.5) * 2 * Math.PI) / holeCount;
  return { u: holeCircle * Math.cos(angle), v: holeCircle * Math.sin(angle) };
}
