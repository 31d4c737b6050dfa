import { tensor, type Tensor } from "../../tensor/index.js";

export { normalValues, CPU_FLOAT64, permutationValues, uniformValues } from "../../random/index.js";

type Values = Float32Array | Float64Array;
const cache = new WeakMap<Tensor, Values>();

/** The values of a tensor on the CPU; those of one tensor are read from its device only once. */
export function cpuValues(t: Tensor): Values {
  const found = cache.get(t) ?? t.dataSync();
  cache.set(t, found);
  return found;
}

/** A tensor with these values, for which {@link cpuValues} reads nothing from the device. */
export function fromCpuValues(values: Float32Array, shape: readonly number[], like?: Tensor): Tensor {
  const t = tensor(values, { shape: [...shape], ...(like ? { dtype: like.dtype, device: like.device } : {}) });
  cache.set(t, values);
  return t;
}
