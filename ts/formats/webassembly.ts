import { DeviceError } from "../runtime/index.js";
import { reason } from "./fail.js";

let isKnown = false;

/**
 * Makes sure that WebAssembly gets memory, before a library of a format needs some: at its own failure the file would
 * seem damaged.
 *
 * @throws DeviceError `out_of_memory` where the system refuses the addresses that such a memory reserves.
 */
export function requireWebAssembly(format: string): void {
  if (isKnown) return;
  try {
    isKnown = new WebAssembly.Memory({ initial: 1 }).buffer.byteLength > 0;
  } catch (cause) {
    throw new DeviceError(
      `${format}: reading it needs memory for WebAssembly, which the system refuses (${reason(cause)}); give the ` +
        "process more addresses (ulimit -v unlimited).",
      "out_of_memory",
      { cause },
    );
  }
}
