import { deviceKind } from "../device-name.js";
import { DeviceError } from "../errors.js";
import type { RequestedDevice } from "../platform.js";
import type { WasmExports } from "./exports.js";
import { cpuModule } from "./features.js";
import { hardwareGpu } from "./gpu.js";
import { isThreads, whyOneThread } from "./threads.js";

/** A module's JavaScript in dist/wasm: the exports, and wasm-bindgen's loader. */
export interface Glue extends WasmExports {
  default(
    options: { module_or_path?: unknown; memory?: WebAssembly.Memory } | undefined,
  ): Promise<{ memory: WebAssembly.Memory }>;
  /**
   * Makes the loader forget its instance, so that the next call creates a new one, and returns the compiled module of
   * the old one. Added by scripts/build-wasm.mjs.
   */
  forget(): WebAssembly.Module | undefined;
}

/**
 * The modules of the package: two for the CPU, without and with relaxed SIMD, one with threads (and relaxed SIMD), and
 * one that supports WebGPU too.
 */
export type ModuleKind = "cpu" | "relaxed" | "threads" | "gpu";

// The same relative paths hold from the sources and from the compiled package. They are literal, so that bundlers see
// them and a page loads only the module it needs.
const loaders: Partial<Record<ModuleKind, () => Promise<unknown>>> = {
  cpu: async () => await import("../../../dist/wasm/adjoint_wasm.js"),
  relaxed: async () => await import("../../../dist/wasm/adjoint_wasm_relaxed.js"),
  threads: async () => await import("../../../dist/wasm/adjoint_wasm_threads.js"),
};

/** Adds the module with WebGPU, which the entry `adjoint/cpu` is without: bundlers emit every module that they see. */
export function provideGpuModule(load: () => Promise<unknown>): void {
  loaders.gpu = load;
}

/** The file names of the modules, without their endings. */
export const names: Readonly<Record<ModuleKind, string>> = {
  cpu: "adjoint_wasm",
  relaxed: "adjoint_wasm_relaxed",
  threads: "adjoint_wasm_threads",
  gpu: "adjoint_wasm_gpu",
};

/** What a module has to support. */
export interface Needs {
  readonly device: RequestedDevice;
  /** Threads that are to compute; `undefined` where the program does not say. */
  readonly threads: number | undefined;
}

/** The file of the module for these needs. */
export async function wasmFile(needs: Needs): Promise<string> {
  return `${names[await kindFor(needs)]}_bg.wasm`;
}

/** The kind of a compiled module, from the name of the JavaScript that it imports. */
export function kindOf(module: WebAssembly.Module): ModuleKind {
  const { module: from = "" } = WebAssembly.Module.imports(module)[0] ?? {};
  return (["gpu", "relaxed", "threads"] as const).find((kind) => from.includes(names[kind])) ?? "cpu";
}

export async function kindFor({ device, threads = 1 }: Needs): Promise<ModuleKind> {
  const gpu =
    deviceKind(device) === "webgpu" || (device === "auto" && loaders.gpu !== undefined && (await hardwareGpu()));
  if (gpu) return "gpu";
  return threads > 1 && (await canShare()) ? "threads" : cpuModule();
}

/**
 * The JavaScript of a module.
 *
 * @throws DeviceError `device_unavailable` for the module with WebGPU in an entry without it.
 */
export async function loadGlue(kind: ModuleKind): Promise<Glue> {
  const load = loaders[kind];
  if (load !== undefined) return (await load()) as Glue;
  throw new DeviceError(
    'init: adjoint/cpu computes on the cpu only; import from "adjoint" for WebGPU, or use device "cpu".',
    "device_unavailable",
  );
}

/** Whether the module with threads can be used here. Where it is not built there is a file that exports nothing. */
async function canShare(): Promise<boolean> {
  return whyOneThread() === undefined && isThreads(await loadGlue("threads"));
}
