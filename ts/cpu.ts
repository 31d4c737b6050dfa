/**
 * adjoint without GPUs, for pages that never use WebGPU: a bundler then emits the two small WebAssembly modules and not
 * the large one. In Node it is `adjoint`.
 */
export * from "./index.js";
export { initWeb as init } from "./runtime/index.js";
