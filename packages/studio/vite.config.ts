import { defineConfig } from 'vite';

/** The page as static files without inline scripts, which the policy of the server forbids. */
export default defineConfig({
  root: 'src/page',
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/page',
    emptyOutDir: true,
    target: 'es2023',
    modulePreload: { polyfill: false },
    // Small files stay files: data URLs are not cached.
    assetsInlineLimit: 0,
  },
});
