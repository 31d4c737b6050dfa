import type { AdapterKind, DeviceInfo } from "../binding.js";
import { deviceKind } from "../device-name.js";
import { DeviceError } from "../errors.js";
import type { WasmExports } from "./exports.js";

/**
 * Makes a device ready. Where WebGPU is absent the error says whether the page, the browser or the module lacks it. An
 * adapter is requested only if the module can use one: browsers log a warning where there is none.
 */
export async function startDevice(device: string, module: WasmExports, moduleHasGpu: boolean): Promise<void> {
  if (deviceKind(device) === "webgpu" && (moduleHasGpu || !hasGpu())) await gpuAdapter(device);
  await module.initDevice(device);
}

/**
 * Checks that the browser offers a WebGPU adapter.
 *
 * @throws DeviceError `device_unavailable` with the reason where it does not.
 */
export async function gpuAdapter(device = "webgpu"): Promise<void> {
  const found = await findAdapter(device);
  if (typeof found === "string") {
    throw new DeviceError(
      `${device}: ${found}; use device "cpu", or "auto" for the best available one.`,
      "device_unavailable",
    );
  }
}

/** Whether the browser supports WebGPU; an adapter may still be missing. */
export function hasGpu(): boolean {
  return navigatorGpu() !== undefined;
}

/** Whether the browser offers a WebGPU adapter that is no renderer in software. */
export async function hardwareGpu(): Promise<boolean> {
  const found = await findAdapter();
  return typeof found !== "string" && found.kind !== "software";
}

/** The rows of `devices` of the module, with what the browser says of the adapter. */
export async function describeAdapter(device = "webgpu"): Promise<(rows: string) => string> {
  const found = await findAdapter(device);
  if (typeof found === "string") return (rows) => rows;
  const described = (row: DeviceInfo): DeviceInfo =>
    row.name === device && row.available ? { ...row, detail: found.name, kind: found.kind } : row;
  return (rows) => JSON.stringify((JSON.parse(rows) as DeviceInfo[]).map(described));
}

/** The browser's adapter, or why there is none. */
async function findAdapter(device = "webgpu"): Promise<{ name: string; kind: AdapterKind } | string> {
  const gpu = navigatorGpu();
  if (!gpu) {
    return globalThis.isSecureContext === false
      ? "this page is not in a secure context (https or localhost)"
      : "this browser does not support it (navigator.gpu is absent)";
  }
  const powerPreference = device === "webgpu:low-power" ? "low-power" : "high-performance";
  const adapter: AnyAdapter | null = await gpu.requestAdapter({ powerPreference }).catch(() => null);
  if (adapter === null) return "the browser has no adapter: it found no graphics driver that it supports";
  const info = adapter.info ?? (await adapter.requestAdapterInfo?.().catch(() => undefined)) ?? {};
  const words = [info.vendor, info.architecture, info.device, info.description].filter((word) => word);
  const software = info.isFallbackAdapter === true || adapter.isFallbackAdapter === true;
  return {
    name: words.length > 0 ? words.join(" ") : "ready",
    kind: software || SOFTWARE.test(words.join(" ")) ? "software" : "hardware",
  };
}

/** Names of renderers in software: Chrome's, Mesa's, Microsoft's. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|softpipe|swrast|software|basic render|\bwarp\b/i;

/** What browsers say of an adapter; each says a part, and older ones only when asked. */
interface AnyAdapterInfo {
  readonly vendor?: string;
  readonly architecture?: string;
  readonly device?: string;
  readonly description?: string;
  readonly isFallbackAdapter?: boolean;
}

interface AnyAdapter {
  readonly info?: AnyAdapterInfo;
  readonly isFallbackAdapter?: boolean;
  requestAdapterInfo?(): Promise<AnyAdapterInfo>;
}

/** `navigator.gpu`, which old browsers and insecure pages lack. */
function navigatorGpu(): GPU | undefined {
  return globalThis.navigator?.gpu;
}
