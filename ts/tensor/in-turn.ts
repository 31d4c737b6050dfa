import { tidyAcross } from "./scope.js";
import type { Tensor } from "./tensor.js";

/**
 * Applies functions one after the other, such as the layers of a network. What a function made is freed as soon as the
 * next one has used it, so that without a tape two layers are in memory at a time and not all; a tape keeps what the
 * derivative needs.
 *
 * @returns the last result, which belongs to the innermost open `tidy`.
 */
export function inTurn(input: Tensor, steps: Iterable<(x: Tensor) => Tensor>): Tensor {
  let value = input;
  let freeValue = (): void => undefined;
  for (const step of steps) {
    const { result, free } = tidyAcross(() => step(value));
    // A function may give back what it was given.
    if (result === value) continue;
    freeValue();
    [value, freeValue] = [result, free];
  }
  return value;
}
