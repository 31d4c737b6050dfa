import { cpuModule } from "./features.js";
import type { PoolExports } from "./thread-pool.js";

/** What the JavaScript of the module with threads has more than that of the others. */
export interface ThreadsGlue extends PoolExports {
  /** Pages of 64 KiB that its memory has at first, and at most. Added by scripts/build-wasm.mjs. */
  readonly memoryPages: { readonly initial: number; readonly maximum: number };
  /** The compiled module, once it is loaded. Added by scripts/build-wasm.mjs. */
  compiled(): WebAssembly.Module;
}

/** Whether it is the JavaScript of the module with threads. */
export function isThreads<T extends object>(glue: T): glue is T & ThreadsGlue {
  return "startThreads" in glue;
}

/** Why there is one thread here: the page or the engine lacks what more need; `undefined` where it does not. */
export function whyOneThread(): string | undefined {
  if (typeof SharedArrayBuffer === "undefined" || globalThis.crossOriginIsolated === false) {
    return (
      "the page is not cross-origin isolated; serve it with Cross-Origin-Opener-Policy: same-origin and " +
      "Cross-Origin-Embedder-Policy: require-corp"
    );
  }
  return cpuModule() === "relaxed" ? undefined : "the module with threads needs relaxed SIMD, which is not here";
}

/**
 * Memory that threads share. Its largest size is reserved when it is made: where there is no room, as in browsers of
 * telephones, it is halved.
 */
export function sharedMemory({ initial, maximum }: ThreadsGlue["memoryPages"]): WebAssembly.Memory {
  for (let most = maximum; ; most = Math.floor(most / 2)) {
    try {
      return new WebAssembly.Memory({ initial, maximum: most, shared: true });
    } catch (error) {
      if (most / 2 < initial || !(error instanceof RangeError)) throw error;
    }
  }
}
