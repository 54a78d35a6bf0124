import { type Tensor, type Tensors, toModel, zeros } from '@bigrid/graph';
import { type ParameterValues, rebuildsNothing, type Stage, stageMap } from '@bigrid/method';
import type { Bundle } from '../bundle/bundle.ts';
import { type MapScale, mapScaleOf } from '../bundle/map-scale.ts';
import { type AnomalyMap, Detector } from '../detection/detector.ts';
import { type PreviewMap, reportSkipped } from '../events.ts';
import { resizeMaskNearest } from '../metrics/masks.ts';
import type { ImageEntry } from '../ports.ts';
import { type ExtractedFeatures, type Extraction, extractFeatures } from './feature-extraction.ts';
import type { Plan } from './plan.ts';

/** Number of held-out images that are shown. */
const MOST_HELD_OUT = 3;
/** Time, and share of the steps of a stage, after which maps are shown again. */
const SECONDS = 5;
const SHARE_OF_STEPS = 0.1;
/** Maximum share of the time that maps may take. */
const MOST_SHARE = 0.04;

/** A stage of which maps are shown. */
export interface ShownStage {
  readonly stage: Stage;
  readonly steps: number;
  /** Steps of the stages before it. */
  readonly stepsBefore: number;
  /** The learnt features, which the maps are standardised by. */
  readonly features: ExtractedFeatures;
  /** Parameters from an earlier stage. */
  readonly frozen: ParameterValues;
}

/** Shows maps of a few images while a model learns. It draws no random number and changes no parameter. */
export class Previews {
  readonly #plan: Plan;
  readonly #extraction: Extraction;
  /** Those of held-out images, which come first, give the scale. */
  readonly #heldOut: number;
  #loss: number | undefined;

  private constructor(plan: Plan, extraction: Extraction, heldOut: number) {
    this.#plan = plan;
    this.#extraction = extraction;
    this.#heldOut = heldOut;
  }

  /**
   * Reads the images.
   * @param heldOut good images that the model does not learn: the first few are shown
   * @param others further images to show
   */
  static async open(
    plan: Plan,
    heldOut: readonly ImageEntry[],
    others: readonly ImageEntry[],
  ): Promise<Previews> {
    const { imageEngine, backbone, method, light, signal, onEvent } = plan;
    const shown = heldOut.slice(0, MOST_HELD_OUT);
    const extraction = await extractFeatures({
      ...{ imageEngine, backbone, method, light, signal },
      entries: [...shown, ...others],
      openScratch: (blockBytes) => plan.openScratch(blockBytes),
      onEvent: (event) => event.type !== 'progress' && onEvent(event),
    });
    const known = new Set(shown);
    return new Previews(
      plan,
      extraction,
      extraction.images.filter(({ entry }) => known.has(entry)).length,
    );
  }

  /** Prepares to show maps of a stage. @returns undefined if the stage rebuilds nothing, or no image could be read */
  async ofStage(shown: ShownStage): Promise<StagePreviews | undefined> {
    const { engine, method } = this.#plan;
    if (rebuildsNothing(shown.stage, method) || this.#extraction.images.length === 0) {
      return undefined;
    }
    const { graph, parameters } = stageMap({
      ...shown,
      method,
      statistics: shown.features.statistics,
      taps: shown.features,
    });
    const session = await engine.load(toModel(graph));
    const due = new Due(shown.steps);
    return {
      showIfDue: (step, loss, current) => {
        this.#loss = loss;
        return due.ifDue(step, async () => {
          const values = await current();
          const own = Object.fromEntries(parameters.map((name) => [name, values[name] as Tensor]));
          const run = async (features: Tensor) => (await session.run({ features, ...own })).map;
          await this.#show(shown.stepsBefore + step, run);
        });
      },
      dispose: () => session.dispose(),
    };
  }

  /** Shows what the finished model makes of the images. @param step the last one */
  async finish(bundle: Bundle, step: number): Promise<void> {
    const { engine, onEvent } = this.#plan;
    const maps: PreviewMap[] = [];
    const detector = await Detector.load(engine, bundle);
    try {
      for (const { entry } of this.#extraction.images) {
        const image = await entry.read().catch((error: unknown) => {
          reportSkipped(entry.path, error, onEvent);
        });
        if (!image) continue;
        const { map } = await detector.inspect(image, entry.ignored);
        maps.push({ path: entry.path, map });
      }
    } finally {
      await detector.dispose();
    }
    this.#emit(step, mapScaleOf(bundle.manifest), maps);
  }

  dispose(): Promise<void> {
    return this.#extraction.scratch.dispose();
  }

  async #show(step: number, run: (features: Tensor) => Promise<Tensor | undefined>): Promise<void> {
    const { scratch, shape, blocksEach, images } = this.#extraction;
    const features = zeros('float16', [blocksEach, ...shape]);
    const bytes = new Uint8Array(features.data.buffer);
    const block = bytes.byteLength / blocksEach;
    const maps: PreviewMap[] = [];
    for (const [at, { entry }] of images.entries()) {
      for (let tile = 0; tile < blocksEach; tile++) {
        const into = bytes.subarray(tile * block, (tile + 1) * block);
        await scratch.read(at * blocksEach + tile, into);
      }
      const { shape, data } = (await run(features)) as Tensor<'float32'>;
      const [height, width] = shape as [number, number];
      maps.push({ path: entry.path, map: this.#counted({ width, height, data }, entry) });
    }
    this.#emit(step, this.#scaleOf(maps), maps);
  }

  /** The map, 0 where the image is ignored. */
  #counted({ width, height, data }: AnomalyMap, entry: ImageEntry): AnomalyMap {
    const mask = entry.ignored ?? this.#plan.ignored;
    const ignored = mask && resizeMaskNearest(mask, width, height);
    return {
      width,
      height,
      data: ignored ? data.map((value, at) => (ignored[at] ? 0 : value)) : data,
    };
  }

  /** As of a model whose threshold is the highest error of these good images; of all images, if none is good. */
  #scaleOf(maps: readonly PreviewMap[]): MapScale {
    const good = maps.slice(0, this.#heldOut || maps.length);
    const highest = good.map(({ map }) =>
      map.data.reduce((most, value) => Math.max(most, value), 0),
    );
    return mapScaleOf({
      calibration: { pixelThreshold: Math.max(...highest) },
      method: { ...this.#plan.method, expectation: 'none' },
    });
  }

  #emit(step: number, scale: MapScale, maps: readonly PreviewMap[]): void {
    this.#plan.onEvent({ type: 'preview', step, loss: this.#loss, scale, maps });
  }
}

/** Shows maps of a stage. */
export interface StagePreviews {
  /**
   * Shows maps if it is time to, and not after the last step, whose model is not finished yet.
   * @param current gives the parameters
   */
  showIfDue(step: number, loss: number, current: () => Promise<Tensors>): Promise<void>;
  dispose(): Promise<void>;
}

/** When maps of a stage are due. */
class Due {
  readonly #steps: number;
  #last = { step: 0, at: 0 };
  #pause = 0;

  constructor(steps: number) {
    this.#steps = steps;
  }

  async ifDue(step: number, show: () => Promise<void>): Promise<void> {
    const started = performance.now();
    const { step: before, at } = this.#last;
    const isFirst = before === 0;
    const isLate = started - at >= 1000 * SECONDS || step - before >= SHARE_OF_STEPS * this.#steps;
    if (step >= this.#steps || !(isFirst || (isLate && started - at >= this.#pause))) return;
    await show();
    const ended = performance.now();
    this.#last = { step, at: ended };
    this.#pause = (ended - started) / MOST_SHARE;
  }
}
