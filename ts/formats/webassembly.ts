import { DeviceError } from "../runtime/index.js";
import { reason } from "./fail.js";

/** Milliseconds for which a refusal counts: V8 looks for addresses for a second before it gives up. */
const REFUSED = 60_000;

let isKnown = false;
let refusal: { readonly cause: unknown; readonly at: number } | undefined;

/**
 * Makes sure that WebAssembly gets memory, before a library of a format needs some: at its own failure the file would
 * seem damaged.
 *
 * @throws DeviceError `out_of_memory` where the system refuses the addresses that such a memory reserves.
 */
export function requireWebAssembly(format: string): void {
  if (isKnown) return;
  if (refusal === undefined || performance.now() - refusal.at > REFUSED) {
    try {
      isKnown = new WebAssembly.Memory({ initial: 1 }).buffer.byteLength > 0;
      return;
    } catch (cause) {
      refusal = { cause, at: performance.now() };
    }
  }
  const { cause } = refusal;
  throw new DeviceError(
    `${format}: reading it needs memory for WebAssembly, which the system refuses (${reason(cause)}); give the ` +
      "process more addresses (ulimit -v unlimited).",
    "out_of_memory",
    { cause },
  );
}
