import type { DeviceName } from "./binding.js";
import { ArgumentError } from "./errors.js";
import { shown } from "./shown.js";

/** `webgpu` and `cuda` with one of several cards; the largest number is that of the core. */
const NAME = /^(?:cpu|(?:webgpu|cuda)(?::(?:0|[1-9]\d{0,3}))?|webgpu:(?:high-performance|low-power))$/;

/**
 * Checks the name of a device.
 *
 * @throws ArgumentError `invalid_argument` where the value is none.
 */
export function checkDevice(caller: string, value: unknown, further: readonly string[] = []): void {
  if (typeof value === "string" && (NAME.test(value) || further.includes(value))) return;
  const names = ["cpu", "webgpu", "cuda", ...further].map((name) => `"${name}"`).join(", ");
  throw new ArgumentError(
    `${caller}: device is ${shown(value)}, expected one of ${names}; of several cards "webgpu:low-power", "webgpu:1" ` +
      'or "cuda:1".',
    "invalid_argument",
  );
}

/** The kind of a device, `cpu`, `webgpu` or `cuda`: its name without the choice among several cards. */
export function deviceKind(device: string): string {
  return device.split(":", 1)[0] as string;
}

/** The one name of a device that has two: `webgpu:high-performance` is `webgpu`, `cuda:0` is `cuda`. */
export function canonicalDevice(device: DeviceName): DeviceName {
  return device === "webgpu:high-performance" ? "webgpu" : device === "cuda:0" ? "cuda" : device;
}
