import type { Binding, DeviceInfo, DeviceName } from "./binding.js";
import { checkOptions } from "./check.js";
import { ArgumentError, DeviceError } from "./errors.js";
import { host, type WasmSource } from "./host.js";
import { binding, bindingIfAny, setBinding, setCurrentDevice } from "./state.js";

/** Options of {@link init}. */
export interface InitOptions {
  /** Device of new tensors; `"auto"`: webgpu where it is, otherwise cpu. Default: `"cpu"`. */
  device?: DeviceName | "auto";
  /**
   * Where the WebAssembly module is taken from, when one is loaded; in Node it then takes the place of the add-on.
   * Default: the file of this package, beside its JavaScript.
   */
  wasm?: WasmSource;
  /** A host to use in place of the one found by itself. */
  binding?: Binding;
}

const names = ["cpu", "webgpu", "cuda", "auto"];
/** Two calls at once load one host. */
let loading: Promise<Binding> | undefined;

/**
 * Loads the host (in Node the native add-on, in a browser the WebAssembly module) and makes a device ready; call it once before any tensor is made.
 * Calling it again changes the default device, and starts anew where the host was lost; tensors of the lost one are gone.
 * Throws DeviceError where the add-on, the module or the device is absent.
 */
export async function init(options: InitOptions = {}): Promise<void> {
  checkOptions("init", options, ["device", "wasm", "binding"]);
  const device = options.device ?? "cpu";
  if (!names.includes(device)) {
    throw new ArgumentError(`init: device is ${JSON.stringify(device)}, expected "cpu", "webgpu", "cuda" or "auto"`, "invalid_argument");
  }
  if (options.binding !== undefined) setBinding(options.binding);
  const running = await (bindingIfAny() ?? (loading ??= load(options.wasm)));
  if (device !== "auto") {
    await running.initDevice(device);
    return setCurrentDevice(device);
  }
  try {
    await running.initDevice("webgpu");
    setCurrentDevice("webgpu");
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    await running.initDevice("cpu");
    setCurrentDevice("cpu");
  }
}

async function load(wasm: WasmSource | undefined): Promise<Binding> {
  try {
    return setBinding(await (await host()).loadBinding(wasm));
  } finally {
    loading = undefined;
  }
}

/** The devices this build knows, and whether each can be used here. */
export function devices(): DeviceInfo[] {
  return JSON.parse(binding().devices()) as DeviceInfo[];
}
