import type { Binding } from "../binding.js";

/**
 * The exports of the WebAssembly module: a {@link Binding} but for one name, since `memory` is the module's linear
 * memory.
 */
export type WasmExports = Omit<Binding, "memory" | "lost" | "lacks" | "isFatal" | "heapBytes"> & {
  liveMemory(): number[];
  /** Has a function called with the reason, once the instance can no longer be used though no call failed. */
  onLost(tell: (why: string) => void): void;
};

/** The WebAssembly module as a host of the facade, for `init({ binding })`. */
export function wasmBinding(module: WasmExports): Binding {
  return { ...module, memory: () => module.liveMemory(), isFatal };
}

/**
 * Whether an error leaves the module unusable: a trap, or a stack or memory that ran out in the middle of a call.
 * Rust's state may then be half changed, and nothing in the module repairs it.
 */
function isFatal(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
}
