import { defineConfig } from 'vitest/config';

/** Tests that start commands, browsers and other servers, or train until something is learned: `npm run test:e2e`. */
const endToEnd = 'packages/*/src/**/*.e2e.test.ts';

export default defineConfig({
  test: {
    globalSetup: 'vitest.setup.ts',
    // Every test file starts ONNX Runtime with a thread of its own; two at a time fit two cores.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A slow machine that is busy with the other worker takes longer than the default of a second.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'core',
          include: ['packages/{errors,graph,method}/src/**/*.test.ts'],
          // These packages keep no state, so that their test files can share workers, which saves a third of the time.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'rest',
          include: [
            'packages/{inspect,node,report,server,studio,cli}/src/**/*.test.ts',
            'fuzz/*.test.ts',
            'bench/**/*.test.mjs',
            'scripts/**/*.test.mjs',
            '*.test.ts',
          ],
          exclude: [endToEnd],
        },
      },
      {
        extends: true,
        test: { name: 'end-to-end', include: [endToEnd] },
      },
    ],
  },
});
