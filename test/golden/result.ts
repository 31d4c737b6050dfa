import type { Tensor } from "../../ts/tensor/index.js";

/** What running a case gave, before it is compared. */
export interface Result {
  /** The returned value. */
  readonly value?: Tensor;
  /** The scalar whose gradients the case lists; by default the mean of the value. */
  readonly objective?: Tensor;
  /** What gradients can be asked for, by name. */
  readonly leaves?: ReadonlyMap<string, Tensor>;
  /** Further results by name; computed where the case asks for them. */
  readonly outputs?: Readonly<Record<string, () => Tensor>>;
  /** Expected outputs that are no tensors, which the runner has compared itself. */
  readonly plain?: ReadonlySet<string>;
}
