import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'fuzz/*.test.ts',
      'bench/**/*.test.mjs',
      'scripts/**/*.test.mjs',
      '*.test.ts',
    ],
    globalSetup: 'vitest.setup.ts',
    // Every test file starts ONNX Runtime with a thread of its own; two at a time fit two cores.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
