/** Adds float32 numbers to others, each rounded once. */
export function addTo(sum: Float32Array, values: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (values[i] as number);
}

/**
 * The sum of a power of two of float32 buffers in a binary tree over their order: those of 2, of 4, of 8, ... are added
 * as they come, and the first of each is overwritten. {@link Group.allReduce} goes on with the tree over the ranks.
 */
export class TreeSum {
  readonly #parts: { readonly values: Float32Array; readonly leaves: number }[] = [];

  add(values: Float32Array): void {
    let right = { values, leaves: 1 };
    for (let left = this.#parts.at(-1); left?.leaves === right.leaves; left = this.#parts.at(-1)) {
      addTo(left.values, right.values);
      right = { values: left.values, leaves: 2 * left.leaves };
      this.#parts.pop();
    }
    this.#parts.push(right);
  }

  /** The sum, after a power of two of buffers. */
  get sum(): Float32Array {
    return (this.#parts[0] as { values: Float32Array }).values;
  }

  /** Adds the last of a power of two of buffers piece by piece; a value has the bits that {@link add} gives it. */
  piecewise(last: Float32Array): Pieces {
    const lefts = this.#parts.map(({ values }) => values).reverse();
    const add = (begin: number, end: number): Float32Array =>
      lefts.reduce(
        (right, values) => {
          const left = values.subarray(begin, end);
          addTo(left, right);
          return left;
        },
        last.subarray(begin, end),
      );
    return { sum: lefts.at(-1) ?? last, add };
  }
}

/** A sum that becomes complete piece by piece. */
export interface Pieces {
  readonly sum: Float32Array;
  /** Adds the values from `begin` to before `end`, once, and gives these of the sum. */
  readonly add: (begin: number, end: number) => Float32Array;
}
