import { fileURLToPath } from 'node:url';

/** The weights of the backbone that Bigrid carries, as a file that others may be brought as. */
export const embeddedWeights = fileURLToPath(
  new URL('../../method/assets/efficientnet_lite0.safetensors', import.meta.url),
);
