import { keep, tensor, type DType, type Tensor } from "../../tensor/index.js";

/** Numbers that belong to an operator, uploaded once for each device and element type that asks for them. */
export class Constant {
  private readonly made = new Map<string, Tensor>();

  /**
   * `values` gives the numbers in row-major order; it is called once for each upload, so that large ones need not stay
   * on the host.
   */
  constructor(
    private readonly values: (dtype: DType) => Float64Array | Float32Array,
    private readonly shape: readonly number[],
  ) {}

  /** The numbers on the device and in the element type of a tensor. */
  like({ device, dtype }: Tensor): Tensor {
    const key = `${device} ${dtype}`;
    let found = this.made.get(key);
    if (!found || found.disposed) {
      // It stays after the step in which it is first needed, even where each step is tidied.
      found = keep(tensor(this.values(dtype), { shape: this.shape, device, dtype }));
      this.made.set(key, found);
    }
    return found;
  }
}
