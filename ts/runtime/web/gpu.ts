import { DeviceError } from "../errors.js";
import type { WasmExports } from "./exports.js";

/** As much of WebGPU as is asked for here. */
interface Gpu {
  requestAdapter(): Promise<object | null>;
}

/**
 * Makes a device ready. Where WebGPU is absent the error says whether the page, the browser or the module lacks it. An
 * adapter is asked for only where the module has a use for it: browsers write a line on the console where there is
 * none.
 */
export async function startDevice(device: string, module: WasmExports, moduleHasGpu: boolean): Promise<void> {
  if (device === "webgpu" && (moduleHasGpu || !hasGpu())) await gpuAdapter();
  await module.initDevice(device);
}

/** @throws DeviceError `device_unavailable` that says why, where the browser offers no adapter. */
export async function gpuAdapter(): Promise<void> {
  const why = await whyNoGpu();
  if (why !== undefined)
    throw new DeviceError(`webgpu: ${why}; use device "cpu", or "auto" to take what is there`, "device_unavailable");
}

/** Whether the browser knows WebGPU at all; an adapter may still be missing. */
export function hasGpu(): boolean {
  return (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu !== undefined;
}

/** Why there is no WebGPU here; nothing where there is. */
export async function whyNoGpu(): Promise<string | undefined> {
  const gpu = (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
  if (!gpu) {
    return globalThis.isSecureContext === false
      ? "this page is not in a secure context (https or localhost)"
      : "this browser has none (navigator.gpu is absent)";
  }
  const adapter = await gpu.requestAdapter().catch(() => null);
  return adapter === null ? "the browser gives no adapter: it found no graphics driver that it trusts" : undefined;
}
