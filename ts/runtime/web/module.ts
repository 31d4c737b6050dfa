import type { Binding } from "../binding.js";
import { deviceKind } from "../device-name.js";
import { DeviceError } from "../errors.js";
import type { RequestedDevice, WasmSource } from "../platform.js";
import { type WasmExports, wasmBinding } from "./exports.js";
import { describeAdapter, gpuAdapter, hardwareGpu, hasGpu, startDevice } from "./gpu.js";
import { compile } from "./source.js";

/** A module's JavaScript in dist/wasm: the exports, and wasm-bindgen's loader. */
interface Glue extends WasmExports {
  default(options: { module_or_path: unknown } | undefined): Promise<{ memory: WebAssembly.Memory }>;
  /**
   * Makes the loader forget its instance, so that the next call creates a new one, and returns the compiled module of
   * the old one. Added by scripts/build-wasm.mjs.
   */
  forget(): WebAssembly.Module | undefined;
}

/** The modules of the package: two for the CPU, without and with relaxed SIMD, and one that supports WebGPU too. */
type ModuleKind = "cpu" | "relaxed" | "gpu";

// The same relative paths hold from the sources and from the compiled package. They are literal, so that bundlers see
// them and a page loads only the module it needs.
const loaders: Partial<Record<ModuleKind, () => Promise<unknown>>> = {
  cpu: async () => await import("../../../dist/wasm/adjoint_wasm.js"),
  relaxed: async () => await import("../../../dist/wasm/adjoint_wasm_relaxed.js"),
};

/** Adds the module with WebGPU, which the entry `adjoint/cpu` is without: bundlers emit every module that they see. */
export function provideGpuModule(load: () => Promise<unknown>): void {
  loaders.gpu = load;
}

/** Each module has one instance at a time, shared by all calls of {@link loadWasm} while it works. */
const instances: Partial<Record<ModuleKind, Binding>> = {};

/**
 * Loads the WebAssembly module that supports `device`; `"auto"` loads the one with WebGPU where the browser has an
 * adapter that is no renderer in software. Without a source it is the file beside wasm-bindgen's JavaScript, at a URL
 * that bundlers understand.
 *
 * @throws DeviceError `wasm_load_failed`; `device_unavailable` where WebGPU is requested and the browser has none,
 * before anything is loaded.
 */
export async function loadWasm(source?: WasmSource, device: RequestedDevice = "cpu"): Promise<Binding> {
  if (deviceKind(device) === "webgpu") await gpuAdapter(device);
  const given = source === undefined ? undefined : await wrapErrors(async () => await compile(source));
  const kind = given ? kindOf(given) : await kindFor(device);
  return (instances[kind] ??= await wrapErrors(async () => await instantiate(kind, given)));
}

/** The kind of a compiled module, from the name of the JavaScript that it imports. */
function kindOf(module: WebAssembly.Module): ModuleKind {
  const name = WebAssembly.Module.imports(module)[0]?.module ?? "";
  return name.includes("adjoint_wasm_gpu") ? "gpu" : name.includes("adjoint_wasm_relaxed") ? "relaxed" : "cpu";
}

async function kindFor(device: RequestedDevice): Promise<ModuleKind> {
  const gpu =
    deviceKind(device) === "webgpu" || (device === "auto" && loaders.gpu !== undefined && (await hardwareGpu()));
  return gpu ? "gpu" : cpuModule();
}

/** A module of one function that uses an instruction of relaxed SIMD (i8x16.relaxed_swizzle). */
// biome-ignore format: one section of the module per line
const relaxedProbe = Uint8Array.of(
  0, 97, 115, 109, 1, 0, 0, 0,
  1, 5, 1, 96, 0, 1, 123,
  3, 2, 1, 0,
  10, 15, 1, 13, 0, 65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11,
);

/** The fastest module for the CPU that this JavaScript engine supports. */
export function cpuModule(): "cpu" | "relaxed" {
  return WebAssembly.validate(relaxedProbe) ? "relaxed" : "cpu";
}

async function instantiate(kind: ModuleKind, given: WebAssembly.Module | undefined): Promise<Binding> {
  const load = loaders[kind];
  if (!load) {
    throw new DeviceError(
      'init: adjoint/cpu computes on the cpu only; import from "adjoint" for WebGPU, or use device "cpu".',
      "device_unavailable",
    );
  }
  const glue = (await load()) as Glue;
  // After a trap the compiled module is reused: no second download.
  const module = given ?? glue.forget();
  const { memory } = await glue.default(module === undefined ? undefined : { module_or_path: module });
  const binding = wasmBinding(glue);
  const lost = new Promise<string>((resolve) => glue.onLost(resolve));
  const remove = () => {
    if (instances[kind] === result) delete instances[kind];
  };
  void lost.then(remove);
  let described = (rows: string): string => rows;
  const result: Binding = {
    ...binding,
    heapBytes: () => memory.buffer.byteLength,
    initDevice: async (device) => {
      await startDevice(device, glue, kind === "gpu");
      if (deviceKind(device) === "webgpu") described = await describeAdapter(device);
    },
    devices: () => described(binding.devices()),
    lacks: (device) => kind !== "gpu" && device !== "cpu" && hasGpu(),
    isFatal(error) {
      const fatal = binding.isFatal?.(error) ?? false;
      if (fatal) remove();
      return fatal;
    },
    lost,
  };
  return result;
}

async function wrapErrors<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(
      `init: the WebAssembly module cannot be loaded (${text}); serve adjoint_wasm_bg.wasm ` +
        "(with WebGPU adjoint_wasm_gpu_bg.wasm) beside its JavaScript, or give its URL as init({ wasm }).",
      "wasm_load_failed",
      { cause },
    );
  }
}
