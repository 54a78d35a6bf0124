import { bytesOf, type Engine, type Tensor, toModel } from '@bigrid/graph';
import { type Backbone, drawTexture, extractor, type MethodOptions, Random } from '@bigrid/method';
import { imageTensor } from '../detection/detector.ts';
import { type OnEvent, progressOf } from '../events.ts';
import { checkCancelled } from '../work.ts';

/** So many that a grid does not learn them by heart; drawing them and looking at them takes two seconds. */
const TEXTURES = 48;

/**
 * Features of drawn textures, for defects made of them; none where the method swaps nothing.
 * @returns float16 [channels, cells, cells] each, as bytes
 * @throws CANCELLED, ENGINE_FAILED
 */
export async function textureFeatures(
  engine: Engine,
  backbone: Backbone,
  method: MethodOptions,
  seed: number,
  onEvent: OnEvent,
  signal?: AbortSignal,
): Promise<readonly Uint8Array[]> {
  if (method.grids === 'normal' || method.grids === 'none' || method.anomalySource !== 'swap') {
    return [];
  }
  // A tile is a picture to the backbone, and so is a texture.
  const session = await engine.load(
    toModel(extractor(backbone, { ...method, tiles: undefined }).graph),
  );
  const found: Uint8Array[] = [];
  try {
    const side = method.inputSize;
    const progress = progressOf('drawing', TEXTURES, onEvent);
    while (found.length < TEXTURES) {
      checkCancelled(signal);
      const data = drawTexture(new Random(seed).fork(`texture ${found.length}`), side);
      const image = imageTensor({ width: side, height: side, data });
      const { features } = await session.run({ image });
      found.push(bytesOf(features as Tensor));
      progress(found.length);
    }
  } finally {
    await session.dispose();
  }
  return found;
}
