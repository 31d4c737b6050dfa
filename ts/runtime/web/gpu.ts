import { DeviceError } from "../errors.js";
import type { WasmExports } from "./exports.js";

/**
 * Makes a device ready. Where WebGPU is absent the error says whether the page, the browser or the module lacks it. An
 * adapter is requested only if the module can use one: browsers log a warning where there is none.
 */
export async function startDevice(device: string, module: WasmExports, moduleHasGpu: boolean): Promise<void> {
  if (device === "webgpu" && (moduleHasGpu || !hasGpu())) await gpuAdapter();
  await module.initDevice(device);
}

/**
 * Checks that the browser offers a WebGPU adapter.
 *
 * @throws DeviceError `device_unavailable` with the reason where it does not.
 */
export async function gpuAdapter(): Promise<void> {
  const reason = await missingGpu();
  if (reason !== undefined) {
    throw new DeviceError(
      `webgpu: ${reason}; use device "cpu", or "auto" for the best available one.`,
      "device_unavailable",
    );
  }
}

/** Whether the browser supports WebGPU; an adapter may still be missing. */
export function hasGpu(): boolean {
  return navigatorGpu() !== undefined;
}

/** Why WebGPU is unavailable; `undefined` if it is available. */
export async function missingGpu(): Promise<string | undefined> {
  const gpu = navigatorGpu();
  if (!gpu) {
    return globalThis.isSecureContext === false
      ? "this page is not in a secure context (https or localhost)"
      : "this browser does not support it (navigator.gpu is absent)";
  }
  const adapter = await gpu.requestAdapter().catch(() => null);
  return adapter === null ? "the browser has no adapter: it found no graphics driver that it supports" : undefined;
}

/** `navigator.gpu`, which old browsers and insecure pages lack. */
function navigatorGpu(): GPU | undefined {
  return globalThis.navigator?.gpu;
}
