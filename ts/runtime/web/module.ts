import type { Binding } from "../binding.js";
import { DeviceError } from "../errors.js";
import type { WasmSource, WantedDevice } from "../host.js";
import { type WasmExports, wasmBinding } from "./exports.js";
import { gpuAdapter, hasGpu, startDevice, whyNoGpu } from "./gpu.js";
import { compile } from "./source.js";

/** What the build puts into dist/wasm: the exports, and wasm-bindgen's loader. */
interface Glue extends WasmExports {
  default(options: { module_or_path: unknown } | undefined): Promise<{ memory: WebAssembly.Memory }>;
  /**
   * Lets the loader make a new instance, and gives the compiled module of the old one; added by scripts/build-wasm.mjs.
   */
  forget(): WebAssembly.Module | undefined;
}

/**
 * The modules of the package: two for the processor, the second of them for engines with relaxed SIMD, and one with
 * WebGPU too.
 */
type Kind = "cpu" | "relaxed" | "gpu";

// From the sources and from the compiled package these are the same places. Bundlers see the addresses, and a page
// loads what it asks for.
const loaders: Record<Kind, () => Promise<unknown>> = {
  cpu: async () => await import("../../../dist/wasm/adjoint_wasm.js"),
  relaxed: async () => await import("../../../dist/wasm/adjoint_wasm_relaxed.js"),
  gpu: async () => await import("../../../dist/wasm/adjoint_wasm_gpu.js"),
};

/** A module has one instance at a time: while it works, whoever asks again gets the same. */
const living: Partial<Record<Kind, Binding>> = {};

/**
 * Loads the WebAssembly module that has `device`; without a source the file that lies beside wasm-bindgen's JavaScript,
 * an address that bundlers understand. `"auto"` takes the one with WebGPU where the browser has an adapter.
 *
 * @throws DeviceError `wasm_load_failed`; `device_unavailable` where WebGPU is asked for and the browser has none,
 * before anything is loaded.
 */
export async function loadWasm(source?: WasmSource, device: WantedDevice = "cpu"): Promise<Binding> {
  if (device === "webgpu") await gpuAdapter();
  const given = source === undefined ? undefined : await guard(async () => await compile(source));
  // A module says by its imports which JavaScript it belongs to.
  const kind = given
    ? kindOf(given)
    : device === "webgpu" || (device === "auto" && (await whyNoGpu()) === undefined)
      ? "gpu"
      : processorModule();
  return (living[kind] ??= await guard(async () => await instantiate(kind, given)));
}

function kindOf(module: WebAssembly.Module): Kind {
  const [name = ""] = WebAssembly.Module.imports(module).map((entry) => entry.module);
  return name.includes("adjoint_wasm_gpu") ? "gpu" : name.includes("adjoint_wasm_relaxed") ? "relaxed" : "cpu";
}

/** A module of one function that uses an instruction of relaxed SIMD (i8x16.relaxed_swizzle). */
const RELAXED = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  5,
  1,
  96,
  0,
  1,
  123,
  3,
  2,
  1,
  0,
  10,
  15,
  1,
  13,
  0,
  65,
  1,
  253,
  15,
  65,
  2,
  253,
  15,
  253,
  128,
  2,
  11,
);

/** The module for the processor that this engine runs fastest. */
export function processorModule(): "cpu" | "relaxed" {
  return WebAssembly.validate(RELAXED) ? "relaxed" : "cpu";
}

async function instantiate(kind: Kind, given: WebAssembly.Module | undefined): Promise<Binding> {
  const glue = (await loaders[kind]()) as Glue;
  // A runtime after a trap needs no second download.
  const wanted = given ?? glue.forget();
  const { memory } = await glue.default(wanted === undefined ? undefined : { module_or_path: wanted });
  const binding = wasmBinding(glue);
  const lost = new Promise<string>((resolve) => glue.onLost(resolve));
  const dead = () => {
    if (living[kind] === result) delete living[kind];
  };
  void lost.then(dead);
  const result: Binding = {
    ...binding,
    heapBytes: () => memory.buffer.byteLength,
    initDevice: async (device) => await startDevice(device, glue, kind === "gpu"),
    // The other module has it; `init` then loads that one.
    lacks: (device) => kind !== "gpu" && device !== "cpu" && hasGpu(),
    isFatal(error) {
      const fatal = binding.isFatal?.(error) ?? false;
      if (fatal) dead();
      return fatal;
    },
    lost,
  };
  return result;
}

async function guard<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(
      `init: the WebAssembly module cannot be loaded (${text}); it is served as adjoint_wasm_bg.wasm (with WebGPU adjoint_wasm_gpu_bg.wasm) beside its JavaScript, another place can be given as init({ wasm })`,
      "wasm_load_failed",
      { cause },
    );
  }
}
