import { DeviceError } from "../errors.js";
import type { WasmExports } from "./exports.js";

/** As much of WebGPU as is asked for here. */
interface Gpu {
  requestAdapter(): Promise<object | null>;
}

/** Makes a device ready. Where WebGPU is absent the error says whether the page, the browser or the module lacks it. */
export async function startDevice(device: string, module: WasmExports): Promise<void> {
  if (device === "webgpu") await checkGpu();
  await module.initDevice(device);
}

async function checkGpu(): Promise<void> {
  const gpu = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
  if (!gpu) {
    const why = globalThis.isSecureContext === false ? "this page is not in a secure context (https or localhost)" : "this browser has none (navigator.gpu is absent)";
    throw absent(why);
  }
  const adapter = await gpu.requestAdapter().catch(() => null);
  if (adapter === null) throw absent("the browser gives no adapter: it found no graphics driver that it trusts");
}

function absent(why: string): DeviceError {
  return new DeviceError(`webgpu: ${why}; use device "cpu", or "auto" to take what is there`, "device_unavailable");
}
