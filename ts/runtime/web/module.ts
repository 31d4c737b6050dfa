import type { Binding, DeviceInfo } from "../binding.js";
import { deviceKind } from "../device-name.js";
import { DeviceError } from "../errors.js";
import type { WasmSource } from "../platform.js";
import { warnOnce } from "../warn.js";
import { wasmBinding } from "./exports.js";
import { describeAdapter, gpuAdapter, hasGpu, startDevice } from "./gpu.js";
import { kindFor, kindOf, loadGlue, type ModuleKind, names, type Needs } from "./module-kinds.js";
import { compile } from "./source.js";
import type { StartThread } from "./thread.js";
import { ThreadPool } from "./thread-pool.js";
import { isThreads, sharedMemory, whyOneThread } from "./threads.js";

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
  if (deviceKind(needs.device) === "webgpu") await gpuAdapter(needs.device);
  const given = source === undefined ? undefined : await wrapErrors("cpu", async () => await compile(source));
  const kind = given ? kindOf(given) : await kindFor(needs);
  return (instances[kind] ??= await wrapErrors(kind, async () => await instantiate(kind, given, startThread)));
}

async function instantiate(
  kind: ModuleKind,
  given: WebAssembly.Module | undefined,
  startThread: StartThread,
): Promise<Binding> {
  const glue = await loadGlue(kind);
  // After a trap the compiled module is reused: no second download.
  const module = given ?? glue.forget();
  const shared = isThreads(glue) ? sharedMemory(glue.memoryPages) : undefined;
  const exported = await glue.default({
    ...(module ? { module_or_path: module } : {}),
    ...(shared ? { memory: shared } : {}),
  });
  const memory = shared ?? exported.memory;
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
      if (deviceKind(device) === "webgpu") described = await describeAdapter(device);
    },
    devices: () => withThreads(described(binding.devices()), pool ? pool.size : 1),
    lacks: (device, threads = 1) =>
      (kind !== "gpu" && device !== "cpu" && hasGpu()) ||
      (kind !== "threads" && device === "cpu" && threads > 1 && whyOneThread() === undefined),
    async setThreads(count) {
      if (pool) await pool.resize(count);
      else if (count > 1) warnOnce(`one thread computes: ${whyOneThread() ?? oneThread(kind)}.`);
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

/** Why a module has one thread where the page may have more. */
function oneThread(kind: ModuleKind): string {
  return kind === "gpu" ? "the module with WebGPU has no others" : `${names.threads}_bg.wasm is not built`;
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
      `init: the WebAssembly module cannot be loaded (${text}); serve ${names[kind]}_bg.wasm beside its JavaScript, ` +
        "or give its URL as init({ wasm }).",
      "wasm_load_failed",
      { cause },
    );
  }
}
