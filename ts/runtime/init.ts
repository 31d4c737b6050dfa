import type { Binding, DeviceInfo, DeviceName } from "./binding.js";
import { checkOptions } from "./check.js";
import { ArgumentError, DeviceError } from "./errors.js";
import { binding, bindingIfAny, setBinding, setCurrentDevice } from "./state.js";

/** Options of {@link init}. */
export interface InitOptions {
  /** Device of new tensors. Default: `"cpu"`. */
  device?: DeviceName;
  /** A host to use in place of the one found by itself (for example the WebAssembly module). */
  binding?: Binding;
}

/**
 * Loads the host (in Node the native add-on) and makes a device ready; call it once before any tensor is made.
 * Calling it again changes the default device. Throws DeviceError where the add-on or the device is absent.
 */
export async function init(options: InitOptions = {}): Promise<void> {
  checkOptions("init", options, ["device", "binding"]);
  const device = options.device ?? "cpu";
  if (device !== "cpu" && device !== "webgpu" && device !== "cuda") {
    throw new ArgumentError(`init: device is ${JSON.stringify(device)}, expected "cpu", "webgpu" or "cuda"`, "invalid_argument");
  }
  let host = bindingIfAny();
  if (options.binding !== undefined) host = setBinding(options.binding);
  else if (host === undefined) host = setBinding(await load());
  await host.initDevice(device);
  setCurrentDevice(device);
}

async function load(): Promise<Binding> {
  if (typeof process === "undefined" || !process.versions?.node) {
    throw new DeviceError("init: no host was found here; outside Node pass one as init({ binding })", "native_missing");
  }
  const { loadNative } = await import("./node.js");
  return loadNative();
}

/** The devices this build knows, and whether each can be used here. */
export function devices(): DeviceInfo[] {
  return JSON.parse(binding().devices()) as DeviceInfo[];
}
