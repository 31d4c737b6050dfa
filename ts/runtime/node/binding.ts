import { readFile } from "node:fs/promises";
import type { Binding } from "../binding.js";
import { DeviceError } from "../errors.js";
import { type WantedDevice, type WasmSource, wasmPreferred } from "../host.js";
import { loadWasm, processorModule } from "../web/module.js";
import { loadNative } from "./add-on.js";

/**
 * The add-on; where it is not built or does not load the WebAssembly module, with one line of warning. A given module
 * is always taken.
 */
export async function loadBinding(wasm: WasmSource | undefined, device: WantedDevice): Promise<Binding> {
  if (wasm !== undefined) return await loadWasm(await readable(wasm), device);
  if (wasmPreferred()) return await loadPackaged(device);
  try {
    return loadNative();
  } catch (error) {
    const binding = await loadPackaged(device).catch(() => undefined);
    // The add-on is what Node's users want: its error says more than that of the fallback.
    if (binding === undefined) throw error;
    process.stderr.write(
      `adjoint: ${(error as DeviceError).message.split(";")[0]}; going on with the WebAssembly module, which is slower and has the cpu only\n`,
    );
    return binding;
  }
}

/** The package's own module. */
async function loadPackaged(device: WantedDevice): Promise<Binding> {
  const file =
    device === "webgpu"
      ? "adjoint_wasm_gpu_bg.wasm"
      : processorModule() === "relaxed"
        ? "adjoint_wasm_relaxed_bg.wasm"
        : "adjoint_wasm_bg.wasm";
  return await loadWasm(await readable(new URL(`../../../dist/wasm/${file}`, import.meta.url)), device);
}

/** Node's fetch knows no addresses of files: their bytes are read instead. */
async function readable(wasm: WasmSource): Promise<WasmSource> {
  const file =
    (wasm instanceof URL && wasm.protocol === "file:") ||
    (typeof wasm === "string" && !/^(?:https?|data|blob):/.test(wasm));
  if (!file) return wasm;
  try {
    return await readFile(wasm as URL | string);
  } catch (cause) {
    throw new DeviceError(
      `init: the WebAssembly module ${String(wasm)} cannot be read (${(cause as Error).message})`,
      "wasm_load_failed",
      { cause },
    );
  }
}
