import type { Binding, DeviceInfo } from "../binding.js";
import { DeviceError } from "../errors.js";
import type { RequestedDevice, WasmSource } from "../platform.js";
import { warnOnce } from "../warn.js";
import { type WasmExports, wasmBinding } from "./exports.js";
import { cpuModule } from "./features.js";
import { describeAdapter, gpuAdapter, hardwareGpu, hasGpu, startDevice } from "./gpu.js";
import { compile } from "./source.js";
import type { StartThread } from "./thread.js";
import { ThreadPool } from "./thread-pool.js";
import { isThreads, sharedMemory, whyOneThread } from "./threads.js";

/** A module's JavaScript in dist/wasm: the exports, and wasm-bindgen's loader. */
interface Glue extends WasmExports {
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
type ModuleKind = "cpu" | "relaxed" | "threads" | "gpu";

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
const names: Readonly<Record<ModuleKind, string>> = {
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

/** Each module has one instance at a time, shared by all calls of {@link loadWasm} while it works. */
const instances: Partial<Record<ModuleKind, Binding>> = {};

/**
 * Loads the WebAssembly module that supports a device and a number of threads; `"auto"` loads the one with WebGPU where
 * the browser has an adapter that is no renderer in software. Without a source it is the file beside wasm-bindgen's
 * JavaScript, at a URL that bundlers understand.
 *
 * @throws DeviceError `wasm_load_failed`; `device_unavailable` where WebGPU is requested and the browser has none,
 * before anything is loaded.
 */
export async function loadWasm(
  source: WasmSource | undefined,
  needs: Needs,
  startThread: StartThread,
): Promise<Binding> {
  if (needs.device === "webgpu") await gpuAdapter();
  const given = source === undefined ? undefined : await wrapErrors("cpu", async () => await compile(source));
  const kind = given ? kindOf(given) : await kindFor(needs);
  return (instances[kind] ??= await wrapErrors(kind, async () => await instantiate(kind, given, startThread)));
}

/** The file of the module for these needs. */
export async function wasmFile(needs: Needs): Promise<string> {
  return `${names[await kindFor(needs)]}_bg.wasm`;
}

/** The kind of a compiled module, from the name of the JavaScript that it imports. */
function kindOf(module: WebAssembly.Module): ModuleKind {
  const { module: from = "" } = WebAssembly.Module.imports(module)[0] ?? {};
  return (["gpu", "relaxed", "threads"] as const).find((kind) => from.includes(names[kind])) ?? "cpu";
}

async function kindFor({ device, threads = 1 }: Needs): Promise<ModuleKind> {
  const gpu = device === "webgpu" || (device === "auto" && loaders.gpu !== undefined && (await hardwareGpu()));
  return gpu ? "gpu" : threads > 1 && whyOneThread() === undefined ? "threads" : cpuModule();
}

async function instantiate(
  kind: ModuleKind,
  given: WebAssembly.Module | undefined,
  startThread: StartThread,
): Promise<Binding> {
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
  const shared = isThreads(glue) ? sharedMemory(glue.memoryPages) : undefined;
  const { memory } = await glue.default({
    ...(module ? { module_or_path: module } : {}),
    ...(shared ? { memory: shared } : {}),
  });
  const binding = wasmBinding(glue);
  const pool = isThreads(glue) && new ThreadPool({ module: glue.compiled(), memory }, glue, startThread);
  const lost = new Promise<string>((resolve) => glue.onLost(resolve));
  const remove = () => {
    if (pool) pool.terminate();
    if (instances[kind] === result) delete instances[kind];
  };
  void lost.then(remove);
  let described = (rows: string): string => rows;
  const result: Binding = {
    ...binding,
    heapBytes: () => memory.buffer.byteLength,
    initDevice: async (device) => {
      await startDevice(device, glue, kind === "gpu");
      if (device === "webgpu") described = await describeAdapter();
    },
    devices: () => withThreads(described(binding.devices()), pool ? pool.size : 1),
    lacks: (device, threads = 1) =>
      (kind !== "gpu" && device !== "cpu" && hasGpu()) ||
      (kind !== "threads" && device === "cpu" && threads > 1 && whyOneThread() === undefined),
    async setThreads(count) {
      if (pool) await pool.resize(count);
      else if (count > 1)
        warnOnce(`one thread computes: ${whyOneThread() ?? `${names[kind]}_bg.wasm is a module of one thread`}.`);
    },
    isFatal(error) {
      const fatal = binding.isFatal?.(error) ?? false;
      if (fatal) remove();
      return fatal;
    },
    lost,
  };
  return result;
}

/** The rows of `devices`, with the number of threads of the cpu. */
function withThreads(rows: string, threads: number): string {
  const list = JSON.parse(rows) as DeviceInfo[];
  return JSON.stringify(list.map((row) => (row.name === "cpu" ? { ...row, threads } : row)));
}

async function wrapErrors<T>(kind: ModuleKind, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new DeviceError(
      `init: the WebAssembly module cannot be loaded (${text}); serve ${names[kind]}_bg.wasm beside its JavaScript, or ` +
        "give its URL as init({ wasm }).",
      "wasm_load_failed",
      { cause },
    );
  }
}
