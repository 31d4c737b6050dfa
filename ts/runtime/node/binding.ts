import { readFile } from "node:fs/promises";
import type { Binding } from "../binding.js";
import { deviceKind } from "../device-name.js";
import { DeviceError } from "../errors.js";
import type { LoadOptions, RequestedDevice, WasmSource } from "../platform.js";
import "../web/gpu-module.js";
import { cpuModule, loadWasm } from "../web/module.js";
import { isGpu, loadNative } from "./add-on.js";

/**
 * The native add-on; the WebAssembly module where it is given or preferred. If the add-on is not built or does not
 * load, the WebAssembly module takes its place on the CPU, with a warning of one line.
 */
export async function loadBinding({ wasm, device, preferWasm }: LoadOptions): Promise<Binding> {
  if (wasm !== undefined) return await loadWasm(await readable(wasm), device);
  if (preferWasm) return await loadPackaged(device);
  try {
    return loadNative(device);
  } catch (error) {
    if (isGpu(device)) throw error;
    const binding = await loadPackaged(device).catch(() => undefined);
    // In Node the add-on is expected, so its error is the more useful one.
    if (binding === undefined) throw error;
    const [reason] = (error instanceof Error ? error.message : String(error)).split(";");
    process.stderr.write(
      `adjoint: ${reason}; using the WebAssembly module instead, which is slower and supports the CPU only.\n`,
    );
    return binding;
  }
}

/** The WebAssembly module of this package. */
async function loadPackaged(device: RequestedDevice): Promise<Binding> {
  const file =
    deviceKind(device) === "webgpu"
      ? "adjoint_wasm_gpu_bg.wasm"
      : cpuModule() === "relaxed"
        ? "adjoint_wasm_relaxed_bg.wasm"
        : "adjoint_wasm_bg.wasm";
  return await loadWasm(await readable(new URL(`../../../dist/wasm/${file}`, import.meta.url)), device);
}

/** Node's fetch does not support file URLs: the bytes of a file are read instead. */
async function readable(wasm: WasmSource): Promise<WasmSource> {
  const isFile =
    (wasm instanceof URL && wasm.protocol === "file:") ||
    (typeof wasm === "string" && !/^(?:https?|data|blob):/.test(wasm));
  if (!isFile) return wasm;
  try {
    return await readFile(wasm);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(
      `init: the WebAssembly module ${String(wasm)} cannot be read (${text}).`,
      "wasm_load_failed",
      { cause },
    );
  }
}
