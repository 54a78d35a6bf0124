import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** A position in a sequence of {@link Random}. */
export interface RandomState {
  readonly seed: number;
  readonly words: readonly number[];
  /** The second of a pair of normal numbers, if not drawn yet. */
  readonly spare?: number;
}

/**
 * Seeded random numbers. The same seed gives the same numbers on every machine, and `fork` gives each use a
 * sequence of its own, so that adding a draw in one place changes nothing elsewhere.
 */
export class Random {
  readonly #seed: number;
  readonly #generator: ReturnType<typeof xoroshiro128plusFromState>;
  #spare: number | undefined;

  constructor(seed: number, state?: RandomState) {
    this.#seed = seed;
    // The generator's first numbers are close to its state, so neighbouring seeds need unrelated states.
    this.#generator = xoroshiro128plusFromState(
      state?.words ?? [1, 2, 3, 4].map((word) => scramble(seed + Math.imul(word, 0x9e3779b9))),
    );
    this.#spare = state?.spare;
  }

  /** A sequence that continues from a state. */
  static from(state: RandomState): Random {
    return new Random(state.seed, state);
  }

  /** The position in the sequence: plain numbers, which JSON preserves exactly. */
  get state(): RandomState {
    const spare = this.#spare === undefined ? {} : { spare: this.#spare };
    return { seed: this.#seed, words: this.#generator.getState(), ...spare };
  }

  /** An independent sequence for the use called `name`. */
  fork(name: string): Random {
    // FNV-1a over the name, mixed with the seed.
    let hash = 0x811c9dc5 ^ this.#seed;
    for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
    return new Random(hash | 0);
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * uniformFloat32(this.#generator);
  }

  /** An integer in [low, high], both included. */
  integer(low: number, high: number): number {
    return uniformInt(this.#generator, low, high);
  }

  /** Normal with mean 0 and deviation 1, by the polar method. */
  normal(): number {
    if (this.#spare !== undefined) {
      const spare = this.#spare;
      this.#spare = undefined;
      return spare;
    }
    for (;;) {
      const [x, y] = [this.uniform(-1, 1), this.uniform(-1, 1)];
      const square = x * x + y * y;
      if (square === 0 || square >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = y * scale;
      return x * scale;
    }
  }

  /** The integers 0..count-1 in random order. */
  permutation(count: number): number[] {
    const order = Array.from({ length: count }, (_, index) => index);
    for (let i = count - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [order[i], order[j]] = [order[j] as number, order[i] as number];
    }
    return order;
  }

  /** `count` numbers from `draw`. */
  array(count: number, draw: () => number): Float32Array {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = draw();
    return values;
  }
}

/** Spreads each bit of a 32-bit word over all of them (the finaliser of MurmurHash3). */
function scramble(word: number): number {
  let bits = word | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
