import { Random } from '@bigrid/method';
import { beforeAll, describe, expect, it } from 'vitest';
import { tinyBackbone } from '../../../../method/testing/tiny.ts';
import {
  engine,
  engines,
  entry,
  memoryReplay,
  memoryScratches,
  tinyTraining,
} from '../../../testing/fakes.ts';
import type { Bundle } from '../../bundle/bundle.ts';
import { Detector } from '../../detection/detector.ts';
import type { Image, ImageEntry } from '../../ports.ts';
import { type TrainInput, train } from '../../train.ts';
import { update } from '../../update.ts';

const SIDE = 64;

/** A bright part with one dark end on an even background. @param scratched a dark spot in its middle */
function part(degrees: number, scratched = false): Image {
  const angle = (degrees * Math.PI) / 180;
  const data = new Uint8Array(3 * SIDE ** 2);
  for (let pixel = 0; pixel < SIDE ** 2; pixel++) {
    const [x, y] = [(pixel % SIDE) - SIDE / 2, Math.floor(pixel / SIDE) - SIDE / 2];
    const along = Math.cos(angle) * x + Math.sin(angle) * y;
    const across = Math.cos(angle) * y - Math.sin(angle) * x;
    const inside = Math.abs(along) < 22 && Math.abs(across) < 6;
    const isSpot = scratched && Math.hypot(along, across) < 5;
    const value = inside ? (along > 8 ? 90 : isSpot ? 20 : 220) : 130;
    data.fill(value, 3 * pixel, 3 * pixel + 3);
  }
  return { width: SIDE, height: SIDE, data };
}

const darker = ({ data, ...size }: Image): Image => ({
  ...size,
  data: data.map((value) => Math.round(0.6 * value)),
});

function parts(name: string, count: number, degreesOf: (random: Random) => number): ImageEntry[] {
  return Array.from({ length: count }, (_, at) => {
    const random = new Random(at).fork(name);
    const { data, ...size } = part(degreesOf(random));
    const noisy = data.map((value) => value + Math.round(random.uniform(-4, 4)));
    return entry(`${name}/${at}.png`, () => ({ ...size, data: noisy }));
  });
}

const turned = { name: 'turned', entries: parts('turned', 12, (random) => random.uniform(0, 360)) };
const still = { name: 'still', entries: parts('still', 12, (random) => random.uniform(-2, 2)) };

function training(over: Partial<TrainInput['method']>, classes = [turned]): TrainInput {
  const base = tinyTraining();
  const method: TrainInput['method'] = {
    ...base.method,
    grids: 'restoring',
    anomalySource: 'swap',
    expectation: 'place',
    orientation: 'auto',
    ...over,
  };
  return { ...base, classes, method };
}

describe('products that lie freely', () => {
  let bundle: Bundle;
  beforeAll(async () => {
    bundle = await train(training({}));
  });

  it('are recognised by their good images, also next to one that lies still', async () => {
    const { manifest } = await train(training({}, [still, turned]));
    expect(manifest.training.free).toEqual(['turned']);
    expect(manifest.training.steps).toBeGreaterThan(0);
  });

  it('need no steps of training, and score a defect above good images at new angles', async () => {
    expect(bundle.manifest.training).toMatchObject({ free: ['turned'], steps: 0 });
    const detector = await Detector.load(engine, bundle);
    const scoreOf = async (image: Image) => (await detector.inspect(image)).score;
    try {
      const good: number[] = [];
      const bad: number[] = [];
      for (const degrees of [33, 121, 214, 302]) {
        good.push(await scoreOf(part(degrees)));
        bad.push(await scoreOf(part(degrees, true)));
      }
      expect(Math.min(...bad)).toBeGreaterThan(Math.max(...good));
    } finally {
      await detector.dispose();
    }
  });

  it.each([
    ['fixed', [turned], 'place', undefined],
    ['free', [still], 'place', ['still']],
    ['auto', [turned], 'none', undefined],
  ] as const)(
    'are, with the option %s, as it says',
    async (orientation, classes, expectation, free) => {
      const { manifest } = await train(training({ orientation, expectation }, [...classes]));
      expect(manifest.training.free).toEqual(free);
    },
  );

  it('are still known as such after an update, which remembers the new images', async () => {
    const kept = memoryReplay(4);
    const learnt = await train({ ...training({}), replay: kept });
    const fresh = parts('fresh', 6, (random) => random.uniform(0, 360)).map((one) =>
      entry(one.path, async () => darker(await one.read())),
    );
    const updated = await update({
      ...engines,
      backbone: tinyBackbone,
      bundle: learnt,
      good: fresh,
      replay: kept.entries(),
      allowSuspect: true,
      openScratch: memoryScratches().open,
      now: () => new Date('2025-02-03T04:05:06Z'),
    });
    expect(updated.bundle.manifest.training.free).toEqual(['turned']);
    for (const { before, after } of updated.images) expect(after).toBeLessThan(before);
  });

  it('give the same bundle for the same seed', async () => {
    expect((await train(training({}))).bytes).toEqual(bundle.bytes);
  });
});
