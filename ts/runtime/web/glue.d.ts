// The modules that wasm-bindgen generates in dist/wasm, for compilers that run before they are built.
declare module "*/adjoint_wasm.js";
declare module "*/adjoint_wasm_relaxed.js";
declare module "*/adjoint_wasm_threads.js";
declare module "*/adjoint_wasm_gpu.js";
