import type { Binding } from "../binding.js";
import { DeviceError } from "../errors.js";
import type { WasmSource } from "../host.js";
import { type WasmExports, wasmBinding } from "./exports.js";
import { startDevice } from "./gpu.js";

/** What the build puts into dist/wasm: the exports, and wasm-bindgen's loader. */
interface Glue extends WasmExports {
  default(options: { module_or_path: unknown } | undefined): Promise<{ memory: WebAssembly.Memory }>;
  /** Lets the loader make a new instance, and gives the compiled module of the old one; added by scripts/build-wasm.mjs. */
  forget(): WebAssembly.Module | undefined;
}

/**
 * Loads the WebAssembly module; without a source the file that lies beside wasm-bindgen's JavaScript, an address that bundlers understand.
 *
 * @throws DeviceError `wasm_load_failed`.
 */
export async function loadWasm(source?: WasmSource): Promise<Binding> {
  try {
    // From the sources and from the compiled package this is the same place.
    const glue = (await import("../../../dist/wasm/adjoint_wasm.js")) as unknown as Glue;
    // A runtime after a trap needs no second download.
    const compiled = glue.forget();
    const wanted = source ?? compiled;
    const { memory } = await glue.default(wanted === undefined ? undefined : { module_or_path: wanted });
    const binding = wasmBinding(glue);
    return { ...binding, heapBytes: () => memory.buffer.byteLength, initDevice: async (device) => await startDevice(device, glue) };
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(
      `init: the WebAssembly module cannot be loaded (${text}); it is served as adjoint_wasm_bg.wasm beside adjoint_wasm.js, another place can be given as init({ wasm })`,
      "wasm_load_failed",
      { cause },
    );
  }
}
