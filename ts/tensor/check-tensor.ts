import { ArgumentError, shown } from "../runtime/index.js";
import { Tensor } from "./tensor.js";

/**
 * A tensor.
 *
 * @throws ArgumentError `invalid_argument` where the value is anything else.
 */
export function checkTensor(caller: string, name: string, value: unknown): Tensor {
  if (value instanceof Tensor) return value;
  throw new ArgumentError(
    `${caller}: ${name} must be a Tensor, got ${shown(value)}; make one with tensor(...).`,
    "invalid_argument",
  );
}
