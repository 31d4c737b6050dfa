import type { Binding } from "../binding.js";

/**
 * The exports of the WebAssembly module: those of a {@link Binding}, with `liveMemory` for `memory`, which is the name
 * of the module's linear memory.
 */
export type WasmExports = Omit<
  Binding,
  "memory" | "lost" | "lacks" | "isFatal" | "heapBytes" | "launches" | "kernels" | "uploads" | "setTf32"
> & {
  liveMemory(): number[];
  /** Registers a callback that receives the reason once the instance is unusable although no call failed. */
  onLost(callback: (reason: string) => void): void;
};

/** The WebAssembly module as a binding, for `init({ binding })`. */
export function wasmBinding(module: WasmExports): Binding {
  return { ...module, memory: () => module.liveMemory(), isFatal };
}

/**
 * Whether an error leaves the module unusable: a trap, or a stack or memory exhausted in the middle of a call. Rust's
 * state may then be inconsistent, and nothing in the module repairs it.
 */
function isFatal(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
}
