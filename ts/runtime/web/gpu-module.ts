/** The WebAssembly module with WebGPU, for entries that support GPUs. */
import { provideGpuModule } from "./module-kinds.js";

provideGpuModule(async () => await import("../../../dist/wasm/adjoint_wasm_gpu.js"));
