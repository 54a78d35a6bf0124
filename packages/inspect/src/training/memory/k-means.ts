import type { Random } from '@bigrid/method';
import type { Vectors } from './k-centre.ts';

const ROUNDS = 5;

/**
 * Means of groups of similar points (k-means, Lloyd's algorithm), starting from points drawn at random.
 * @returns `count` means, or as many as there are points: [count * width]
 */
export function kMeans({ data, width }: Vectors, count: number, random: Random): Float32Array {
  const points = data.length / width;
  const most = Math.min(count, points);
  const means = new Float32Array(most * width);
  random
    .permutation(points)
    .slice(0, most)
    .forEach((point, mean) => {
      means.set(data.subarray(point * width, (point + 1) * width), mean * width);
    });
  for (let round = 0; round < ROUNDS; round++) {
    const sums = new Float64Array(most * width);
    const sizes = new Float64Array(most);
    for (let point = 0; point < points; point++) {
      const own = nearest(data, point * width, means, width);
      sizes[own] = (sizes[own] as number) + 1;
      for (let i = 0; i < width; i++) {
        const at = own * width + i;
        sums[at] = (sums[at] as number) + (data[point * width + i] as number);
      }
    }
    // A mean without points stays where it is.
    sums.forEach((sum, at) => {
      const size = sizes[Math.floor(at / width)] as number;
      if (size > 0) means[at] = sum / size;
    });
  }
  return means;
}

function nearest(data: Float32Array, from: number, means: Float32Array, width: number): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let start = 0, mean = 0; start < means.length; start += width, mean++) {
    let sum = 0;
    for (let i = 0; i < width && sum < least; i++) {
      const difference = (data[from + i] as number) - (means[start + i] as number);
      sum += difference * difference;
    }
    if (sum < least) {
      least = sum;
      best = mean;
    }
  }
  return best;
}
