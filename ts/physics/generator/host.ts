import { tensor, type Tensor } from "../../tensor/index.js";

export { normalValues, CPU_FLOAT64 as ON_HOST, permutationValues, uniformValues } from "../../random/index.js";

type Values = Float32Array | Float64Array;
const known = new WeakMap<Tensor, Values>();

/** The values of a tensor; those of one tensor are read from its device once. */
export function hostValues(t: Tensor): Values {
  const found = known.get(t) ?? t.dataSync();
  known.set(t, found);
  return found;
}

/** A tensor whose values need not be read back later. */
export function fromHost(values: Float32Array, shape: readonly number[], like?: Tensor): Tensor {
  const made = tensor(values, { shape: [...shape], ...(like ? { dtype: like.dtype, device: like.device } : {}) });
  known.set(made, values);
  return made;
}
