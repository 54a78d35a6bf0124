#!/usr/bin/env node
import module from 'node:module';

// Compiled code is kept in the system's temporary folder: the next start takes less time. Where it cannot be kept,
// nothing is lost. What comes after must be loaded after, so not by a static import.
module.enableCompileCache?.();
const { main } = await import('../dist/main.js');

await main(process.argv.slice(2));
