import { ArgumentError, checkFunction, checkNumber, LARGEST, SHOWN, ShapeError } from "../runtime/index.js";
import { freeOnError, Tensor } from "../tensor/index.js";

/** Several tensors, possibly of different shapes, handled as one: the measurements of stacked operators. */
export class TensorList {
  readonly #tensors: readonly Tensor[];

  /** @throws ArgumentError `invalid_argument` for an empty list or one with other entries than tensors. */
  constructor(tensors: readonly Tensor[]) {
    if (
      !Array.isArray(tensors) ||
      tensors.length === 0 ||
      tensors.length > LARGEST.batch ||
      !tensors.every((t) => t instanceof Tensor)
    ) {
      throw new ArgumentError("TensorList: tensors must be an array of one or more tensors.", "invalid_argument");
    }
    this.#tensors = [...tensors] as Tensor[];
  }

  /** What messages call this list. */
  [SHOWN](): string {
    return `a TensorList of ${this.length}`;
  }

  /** Number of tensors. */
  get length(): number {
    return this.#tensors.length;
  }

  /** Their shapes. */
  get shapes(): readonly (readonly number[])[] {
    return this.#tensors.map((t) => t.shape);
  }

  /**
   * The tensor at an index; negative ones count from the end.
   *
   * @throws ArgumentError `index_out_of_range`.
   */
  at(index: number): Tensor {
    checkNumber("TensorList.at", "index", index, { integer: true });
    const t = this.#tensors.at(index);
    if (t === undefined)
      throw new ArgumentError(
        `TensorList.at: index ${index} is out of range for ${this.length} tensors.`,
        "index_out_of_range",
      );
    return t;
  }

  /** The results of a function for each tensor. */
  map<T>(fn: (t: Tensor, index: number) => T): T[] {
    checkFunction("TensorList.map", "fn", fn);
    return this.#tensors.map((t, index) => fn(t, index));
  }

  /** The tensors as an array. */
  toArray(): Tensor[] {
    return [...this.#tensors];
  }

  [Symbol.iterator](): Iterator<Tensor> {
    return this.#tensors[Symbol.iterator]();
  }

  /** The sum with a list of the same length, a tensor or a number. */
  add(other: TensorList | Tensor | number): TensorList {
    return this.#combine(other, "add");
  }

  /** The difference. */
  sub(other: TensorList | Tensor | number): TensorList {
    return this.#combine(other, "sub");
  }

  /** The product. */
  mul(other: TensorList | Tensor | number): TensorList {
    return this.#combine(other, "mul");
  }

  /** The quotient. */
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
    return freeOnError(
      () => new TensorList(this.#tensors.map((t, i) => t[op](other instanceof TensorList ? other.at(i) : other))),
    );
  }
}
