import { judge } from '@bigrid/inspect';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Image } from '../api/types.ts';
import {
  arranged,
  countsOf,
  countUpTo,
  filters,
  type ScoredImage,
  scoredImages,
  sorts,
} from './scored-images.ts';

const labels = [null, 'normal', 'defect'] as const;
const some = fc.record({
  images: fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.constantFrom(...labels)), {
    maxLength: 30,
  }),
  threshold: fc.integer({ min: -1, max: 21 }),
  band: fc.option(fc.integer({ min: 0, max: 5 })),
});

describe('scored images', () => {
  it('are those of a loop over all of them, in every order and filter', () => {
    const property = fc.property(some, ({ images, threshold, band }) => {
      const all = scoredImages(
        images.map(([, label], id) => ({ id, name: `${id}`, label, split: 'test' }) as Image),
        { model: 'a', version: 1, images: [...images.keys()], scores: images.map(([s]) => s) },
      );
      const unsure = band === null ? {} : { unsure: { rule: '', threshold: threshold - band } };
      const thresholds = { threshold, ...unsure };
      const isMeant = {
        all: () => true,
        wrong: ({ label, score }: ScoredImage) =>
          (label === 'normal' && judge(score, thresholds) === 'anomalous') ||
          (label === 'defect' && judge(score, thresholds) === 'normal'),
      };
      for (const filter of filters) {
        const expected = all.images.filter((image) =>
          filter === 'all' || filter === 'wrong'
            ? isMeant[filter](image)
            : judge(image.score, thresholds) === filter,
        );
        expect(countsOf(all, thresholds)[filter]).toBe(expected.length);
        for (const sort of sorts) {
          const shown = arranged(all, { sort, filter }, thresholds).map(
            (at) => all.images[at] as ScoredImage,
          );
          expect(new Set(shown)).toEqual(new Set(expected));
          const key = ({ score }: ScoredImage) =>
            sort === 'score' ? -score : Math.abs(score - threshold);
          expect(shown.map(key)).toEqual(expected.map(key).toSorted((a, b) => a - b));
        }
      }
      const counted = images.filter(([score, label]) => label === 'defect' && score <= threshold);
      expect(countUpTo(all.defects, threshold)).toBe(counted.length);
    });
    fc.assert(property);
  });

  it('leave out images without a score', () => {
    const images = [1, 2].map((id) => ({ id, name: '', label: null, split: 'test' }) as Image);
    const scores = { model: 'a', version: 1, images: [2, 3], scores: [5, 6] };
    expect(scoredImages(images, scores).images.map(({ id }) => id)).toEqual([2]);
  });
});
