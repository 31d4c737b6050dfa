import { keep, tensor, type DType, type Tensor } from "../../tensor/index.js";

/** Constants of an operator, uploaded once for each device and element type that needs them. */
export class Constant {
  readonly #uploaded = new Map<string, Tensor>();
  readonly #values: (dtype: DType) => Float64Array | Float32Array;
  readonly #shape: readonly number[];

  /** `values` gives the numbers in row-major order; it is called for each upload, so that they need not be stored. */
  constructor(values: (dtype: DType) => Float64Array | Float32Array, shape: readonly number[]) {
    this.#values = values;
    this.#shape = shape;
  }

  /** The numbers on the device and in the element type of a tensor. */
  like({ device, dtype }: Tensor): Tensor {
    const key = `${device} ${dtype}`;
    let found = this.#uploaded.get(key);
    if (!found || found.disposed) {
      // Kept, as it must outlive a tidy around the step that first needs it.
      found = keep(tensor(this.#values(dtype), { shape: this.#shape, device, dtype }));
      this.#uploaded.set(key, found);
    }
    return found;
  }
}
