import { readFile } from "node:fs/promises";
import type { Binding } from "../binding.js";
import { DeviceError } from "../errors.js";
import type { LoadOptions, WasmSource } from "../platform.js";
import "../web/gpu-module.js";
import { loadWasm } from "../web/module.js";
import { wasmFile } from "../web/module-kinds.js";
import { startThread } from "./start-thread.js";

/** The WebAssembly module that is given, or the one of this package. */
export async function loadModule({ wasm, device, threads }: LoadOptions): Promise<Binding> {
  const needs = { device, threads };
  const source = wasm ?? new URL(`../../../dist/wasm/${await wasmFile(needs)}`, import.meta.url);
  return await loadWasm(await readable(source), needs, startThread);
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
