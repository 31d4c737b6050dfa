import type { Handle } from "../runtime/index.js";
import { tensor } from "./create.js";
import type { Tensor } from "./tensor.js";
import type { TypedArray } from "./types.js";

/** What was read of a tensor, and its handle then: another one means other values. */
const kept = new WeakMap<Tensor, { readonly handle: Handle; readonly values: TypedArray }>();

/**
 * The values of a tensor, which are read from its device only once: a read waits for all work of the device.
 *
 * @throws DeviceError where the device can only be read asynchronously.
 */
export function hostValues(t: Tensor): TypedArray {
  const { handle } = t;
  const found = kept.get(t);
  if (found?.handle === handle) return found.values;
  const values = t.dataSync();
  kept.set(t, { handle, values });
  return values;
}

/** A tensor with these values, for which {@link hostValues} reads nothing from the device. */
export function fromHostValues(values: Float32Array, shape: readonly number[], like?: Tensor): Tensor {
  const t = tensor(values, { shape: [...shape], ...(like ? { dtype: like.dtype, device: like.device } : {}) });
  kept.set(t, { handle: t.handle, values });
  return t;
}
