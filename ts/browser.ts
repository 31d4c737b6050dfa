/**
 * adjoint with the WebAssembly module: what `import ... from "adjoint"` gives in a browser, and `adjoint/web` in Node
 * too.
 */
import { preferWasm } from "./runtime/index.js";

preferWasm();
export * from "./index.js";
