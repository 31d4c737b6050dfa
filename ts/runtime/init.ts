import type { Binding, DeviceInfo, DeviceName } from "./binding.js";
import { checkOptions } from "./check.js";
import { ArgumentError, DeviceError } from "./errors.js";
import { host, type WantedDevice, type WasmSource } from "./host.js";
import { binding, bindingIfAny, guarded, setBinding, setCurrentDevice } from "./state.js";

/** Options of {@link init}. */
export interface InitOptions {
  /** Device of new tensors; `"auto"`: webgpu where it is, otherwise cpu. Default: `"cpu"`. */
  device?: WantedDevice;
  /**
   * Where the WebAssembly module is taken from, when one is loaded; in Node it then takes the place of the add-on.
   * Default: the file of this package, beside its JavaScript.
   */
  wasm?: WasmSource;
  /** A host to use in place of the one found by itself. */
  binding?: Binding;
}

const names = ["cpu", "webgpu", "cuda", "auto"];
/** Calls take turns, so that two at once load one host. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * Loads the host (in Node the native add-on, in a browser the WebAssembly module) and makes a device ready; call it
 * once before any tensor is made. Calling it again changes the default device, and starts anew where the host was lost;
 * tensors of the lost one are gone. In a browser WebGPU is in a second, larger module: asking for it after the first
 * one was loaded replaces that one and its tensors.
 *
 * Throws DeviceError where the add-on, the module or the device is absent; what ran before then goes on.
 */
export async function init(options: InitOptions = {}): Promise<void> {
  checkOptions("init", options, ["device", "wasm", "binding"]);
  const { device = "cpu", wasm, binding: given } = options;
  if (!names.includes(device)) {
    throw new ArgumentError(
      `init: device is ${JSON.stringify(device)}, expected "cpu", "webgpu", "cuda" or "auto"`,
      "invalid_argument",
    );
  }
  const run = turn.then(async () => await start(device, wasm, given));
  turn = run.catch(() => undefined);
  await run;
}

async function start(device: WantedDevice, wasm: WasmSource | undefined, given: Binding | undefined): Promise<void> {
  if (given !== undefined) setBinding(given);
  const before = bindingIfAny();
  if (before !== undefined && !before.lacks?.(device)) return setCurrentDevice(await ready(before, device));
  const found = guarded(await (await host()).loadBinding(wasm, device));
  // What runs already is replaced only by what has the device.
  if (before === undefined) setBinding(found);
  const name = await ready(found, device);
  setBinding(found);
  setCurrentDevice(name);
}

/** Starts the device; the name of the one that it is. */
async function ready(running: Binding, device: WantedDevice): Promise<DeviceName> {
  if (device !== "auto") {
    await running.initDevice(device);
    return device;
  }
  try {
    await running.initDevice("webgpu");
    return "webgpu";
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
    await running.initDevice("cpu");
    return "cpu";
  }
}

/** The devices this build knows, and whether each can be used here. */
export function devices(): DeviceInfo[] {
  return JSON.parse(binding().devices()) as DeviceInfo[];
}
