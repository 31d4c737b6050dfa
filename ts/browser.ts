/** adjoint with the WebAssembly module: `import ... from "adjoint"` in a browser, and `adjoint/web` in Node too. */
import "./runtime/web/gpu-module.js";

export * from "./index.js";
export { initWeb as init } from "./runtime/index.js";
