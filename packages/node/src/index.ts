export { type EngineOptions, onnxRuntimeEngine } from './engine.ts';
