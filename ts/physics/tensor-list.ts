import { ArgumentError, ShapeError } from "../runtime/index.js";
import { Tensor } from "../tensor/index.js";

/** Several tensors, possibly of different shapes, that are handled as one: the measurements of stacked operators. */
export class TensorList {
  readonly #tensors: readonly Tensor[];

  /** @throws ArgumentError `invalid_argument` for an empty list or one that holds anything but tensors. */
  constructor(tensors: readonly Tensor[]) {
    if (!Array.isArray(tensors) || tensors.length === 0 || !tensors.every((t) => t instanceof Tensor)) {
      throw new ArgumentError("TensorList: expected an array of one or more tensors.", "invalid_argument");
    }
    this.#tensors = [...tensors] as Tensor[];
  }

  /** Number of tensors. */
  get length(): number {
    return this.#tensors.length;
  }

  /** Their shapes. */
  get shapes(): readonly (readonly number[])[] {
    return this.#tensors.map((t) => t.shape);
  }

  /** The tensor at an index, negative ones counted from the end. */
  at(index: number): Tensor {
    const t = this.#tensors.at(index);
    if (t === undefined)
      throw new ArgumentError(
        `TensorList.at: index ${index} is outside a list of ${this.length}.`,
        "index_out_of_range",
      );
    return t;
  }

  /** What a function gives for each tensor. */
  map<T>(fn: (t: Tensor, index: number) => T): T[] {
    return this.#tensors.map(fn);
  }

  /** The tensors as an array. */
  toArray(): Tensor[] {
    return [...this.#tensors];
  }

  [Symbol.iterator](): Iterator<Tensor> {
    return this.#tensors[Symbol.iterator]();
  }

  /** Sum with a list of the same length, a tensor or a number. */
  add(other: TensorList | Tensor | number): TensorList {
    return this.#combine(other, "add");
  }

  /** Difference. */
  sub(other: TensorList | Tensor | number): TensorList {
    return this.#combine(other, "sub");
  }

  /** Product. */
  mul(other: TensorList | Tensor | number): TensorList {
    return this.#combine(other, "mul");
  }

  /** Quotient. */
  div(other: TensorList | Tensor | number): TensorList {
    return this.#combine(other, "div");
  }

  #combine(other: TensorList | Tensor | number, op: "add" | "sub" | "mul" | "div"): TensorList {
    if (other instanceof TensorList && other.length !== this.length) {
      throw new ShapeError(
        `TensorList.${op}: one list holds ${this.length} tensors, the other ${other.length}.`,
        "shape_mismatch",
      );
    }
    return new TensorList(this.#tensors.map((t, i) => t[op](other instanceof TensorList ? other.at(i) : other)));
  }
}
