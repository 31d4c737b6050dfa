import type { Binding, DeviceInfo, DeviceName } from "./binding.js";
import { checkFlag, checkNumber, checkWord, checkOptions, checkOptionsObject } from "./check.js";
import { currentPlatform } from "./current-platform.js";
import { canonicalDevice, checkDevice, deviceKind } from "./device-name.js";
import { ArgumentError, DeviceError } from "./errors.js";
import { guardBinding } from "./guard.js";
import type { LoadOptions, RequestedDevice, WasmSource } from "./platform.js";
import { warnOnce } from "./warn.js";
import {
  binding,
  bindingIfAny,
  currentDevice,
  type Precision,
  setBinding,
  setCurrentDevice,
  setCurrentPrecision,
  setMemoryLimit,
} from "./state.js";

/** Options of {@link init}. */
export interface InitOptions {
  /**
   * Device of new tensors; `"auto"` is webgpu where a GPU is available, and cpu otherwise, also where only a renderer
   * in software (SwiftShader, llvmpipe) offers webgpu. A card of several is `"webgpu:low-power"`, `"webgpu:1"` or
   * `"cuda:1"`, by its place in {@link devices}. Default: `"cpu"`.
   */
  readonly device?: RequestedDevice;
  /**
   * Source of the WebAssembly module; in Node it is then loaded instead of the add-on. Default: the file of this
   * package.
   */
  readonly wasm?: WasmSource;
  /**
   * Largest number of bytes that one operator may allocate; more is an error `out_of_memory`. In Node it holds for all
   * threads of the process. Default: half of the machine's memory or of the container's; in a browser what the
   * WebAssembly module can get.
   */
  readonly memoryLimit?: number;
  /**
   * Threads that compute on the cpu with the WebAssembly module, the calling one included; `"auto"` is one for each
   * processor. Results are bit for bit those of one thread. A page must be cross-origin isolated (docs/browser.md has
   * the headers); where it is not, one thread computes, and one line says so. The module with WebGPU has one thread.
   * Node's add-on uses all processors, or as many as the environment variable `RAYON_NUM_THREADS` says.
   * Default: 1, and in a later call the number in use.
   */
  readonly threads?: number | "auto";
  /**
   * Whether convolutions of networks on `cuda` may use tensor cores, which round their operands to TF32 (10 bits,
   * relative errors near 1e-3) and are several times as fast. Everything else, physics included, is computed in float32
   * in any case. In Node it holds for all threads of the process. Default: false.
   */
  readonly tf32?: boolean;
  /**
   * The type to which convolutions and products of matrices of networks on a GPU round their operands: those of layers,
   * and those with `mixed: true`. Their sums, parameters, optimisers and everything else, physics included, stay
   * float32. `"f16"` and `"bf16"` need a device that computes with the type (NVIDIA cards from 8.0 on have both; WebGPU
   * may have f16, and has no bf16). A Trainer scales losses with `"f16"`, whose smallest number is 6e-8; a loop of your
   * own does by `optim.LossScale`. In Node it holds for all threads of the process. (Micikevicius et al., "Mixed
   * precision training", 2018, arXiv:1710.03740.) Default: `"float32"`.
   */
  readonly precision?: Precision;
  /**
   * Where random numbers of tensors on a GPU are drawn. `"host"`: on the CPU, and sent: a seed gives the same bits on
   * every device. `"device"`: normal, uniform, exponential and Laplace numbers, signs and draws of 0 and 1 in float32
   * are made on the GPU itself, of the same distributions, but others; a training is then repeated on the same kind of
   * device only. Other distributions, and tensors on the CPU, are drawn as with `"host"`. In Node it holds for all
   * threads of the process. Default: `"host"`.
   */
  readonly random?: "host" | "device";
  /** A binding to use instead of the platform's own. */
  readonly binding?: Binding;
}

/** Calls run one after another, so that two concurrent ones load one binding. */
let queue: Promise<unknown> = Promise.resolve();
/** Largest number of threads: each takes 2 MiB for its stack. */
const MAX_THREADS = 256;
/** The threads that a call asked for last. */
let threadCount: number | undefined;

/**
 * Loads the binding (in Node the native add-on, in a browser the WebAssembly module) and makes a device ready; call it
 * once before creating a tensor.
 *
 * Calling it again changes the default device, and starts a new runtime where the previous one was lost; tensors of the
 * lost one are gone. GPUs are in a second, larger add-on or WebAssembly module: requesting one after the first was
 * loaded replaces it and its tensors. After an error the previous runtime keeps working.
 *
 * @throws ArgumentError `invalid_argument`, `unknown_option`; DeviceError `native_missing`, `native_load_failed`,
 * `wasm_load_failed` where the binding cannot be loaded, `device_unavailable` where the device is absent,
 * `precision_unavailable` where it lacks the type of `precision`,
 * `threads_failed` where a thread does not start.
 */
export async function init(options: InitOptions = {}): Promise<void> {
  await initialize(options, false);
}

/** As {@link init}, but loads the WebAssembly module in Node too; the `init` of `adjoint/web`. */
export async function initWeb(options: InitOptions = {}): Promise<void> {
  await initialize(options, true);
}

async function initialize(options: InitOptions, preferWasm: boolean): Promise<void> {
  checkOptionsObject("init", options);
  // `device` may also be "auto"; it is checked where it is chosen.
  const { device: _, ...others } = options;
  checkOptions("init", others, ["device", "wasm", "binding", "memoryLimit", "threads", "tf32", "precision", "random"]);
  const { device = "cpu", wasm, binding: given, memoryLimit, threads } = options;
  if (memoryLimit !== undefined) checkNumber("init", "memoryLimit", memoryLimit, { positive: true });
  if (threads !== undefined && threads !== "auto")
    checkNumber("init", "threads", threads, { integer: true, min: 1, max: MAX_THREADS });
  checkDevice("init", device, ["auto"]);
  const tf32 = checkFlag("init", "tf32", options.tf32, false);
  const { random = "host", precision = "float32" } = options;
  checkWord("init", "precision", precision, ["float32", "bf16", "f16"]);
  if (tf32 && precision !== "float32")
    throw new ArgumentError(`init: tf32 and precision ${precision} came, expected one of them.`, "invalid_argument");
  checkWord("init", "random", random, ["host", "device"]);
  const run = queue.then(async () => {
    const platform = await currentPlatform();
    if (threads !== undefined) threadCount = threads === "auto" ? platform.processors() : threads;
    await start({ device, wasm, preferWasm, threads: threadCount }, given);
    const total = platform.totalMemory() ?? Infinity;
    setMemoryLimit(binding(), memoryLimit ?? total / 2);
    binding().setTf32?.(tf32);
    choosePrecision(precision);
    binding().setRandomOnDevice?.(random === "device");
  });
  queue = run.catch(() => undefined);
  await run;
}

/** Refuses a type that the current device does not compute with. */
function choosePrecision(precision: Precision): void {
  const device = currentDevice();
  if (binding().setPrecision) binding().setPrecision?.(device, precision);
  else if (precision !== "float32")
    throw new DeviceError(`init: this binding does not compute with ${precision}.`, "precision_unavailable");
  setCurrentPrecision(precision);
}

async function start(options: LoadOptions, given: Binding | undefined): Promise<void> {
  const { device, threads } = options;
  if (given !== undefined) setBinding(guardBinding(given));
  const previous = bindingIfAny();
  if (previous !== undefined && !previous.lacks?.(device, threads ?? 1)) {
    if (threads !== undefined) await previous.setThreads?.(threads);
    setCurrentDevice(await startDevice(previous, device));
    return;
  }
  const platform = await currentPlatform();
  const loaded = guardBinding(await platform.loadBinding(options));
  // A working binding is replaced only once the device of the new one is ready.
  if (previous === undefined) setBinding(loaded);
  if (threads !== undefined) await loaded.binding.setThreads?.(threads);
  const name = await startDevice(loaded.binding, device);
  setBinding(loaded);
  setCurrentDevice(name);
  // Its tensors can still be read; its threads would only take memory.
  if (previous !== loaded.binding && threads !== undefined) await previous?.setThreads?.(1);
}

/** Makes the device ready and returns its name. */
async function startDevice(target: Binding, device: RequestedDevice): Promise<DeviceName> {
  if (device !== "auto") {
    const name = canonicalDevice(device);
    await target.initDevice(name);
    if (deviceKind(name) === "webgpu") warnOfSoftware(target, name);
    return name;
  }
  try {
    await target.initDevice("webgpu");
    if (!isSoftware(find(target, "webgpu"))) return "webgpu";
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
  }
  await target.initDevice("cpu");
  return "cpu";
}

/** The row of a device. */
function find(target: Binding, device: DeviceName): DeviceInfo | undefined {
  return listDevices(target).find(({ name }) => name === device);
}

/** Whether a device is a renderer in software, which is much slower than the cpu. */
function isSoftware(row: DeviceInfo | undefined): boolean {
  return row?.kind === "software";
}

/** One line, once, where the webgpu that was asked for is a renderer in software: a step takes minutes. */
function warnOfSoftware(target: Binding, device: DeviceName): void {
  const row = find(target, device);
  if (!isSoftware(row)) return;
  warnOnce(
    `${device} is a renderer in software here, ${row?.detail ?? ""}, much slower than cpu; install the driver of ` +
      'your graphics card, or use init({ device: "cpu" }).',
  );
}

function listDevices(target: Binding): DeviceInfo[] {
  return JSON.parse(target.devices()) as DeviceInfo[];
}

/**
 * The devices that this build knows, whether each is available, and what computes behind it.
 *
 * @throws ArgumentError `not_initialised` before `init()`.
 */
export function devices(): DeviceInfo[] {
  return listDevices(binding());
}
