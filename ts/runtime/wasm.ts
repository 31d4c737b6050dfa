import type { Binding } from "./binding.js";

/** The exports of the WebAssembly module: a {@link Binding} but for one name, since `memory` is the module's linear memory. */
export type WasmExports = Omit<Binding, "memory"> & { liveMemory(): number[] };

/** The WebAssembly module as a host of the facade, for `init({ binding })`. */
export function wasmBinding(module: WasmExports): Binding {
  return { ...module, memory: () => module.liveMemory() };
}
