import type { Pixels } from "../io/index.js";
import { ArgumentError, checkKind, checkNumber, shown, checkText } from "../runtime/index.js";

/**
 * Refuses what is no image in the memory of the program: `{ data, shape }` with float32 values `[C, H, W]`.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkPixels(caller: string, image: unknown): asserts image is Pixels {
  checkText("checkPixels", "caller", caller);
  checkKind(caller, "image", image, {
    expected: "{ data, shape }, as io.readPixels gives",
    fits: (value) => typeof value === "object" && value !== null,
  });
  const { data, shape } = image as Partial<Pixels>;
  if (!Array.isArray(shape) || shape.length !== 3) {
    throw new ArgumentError(
      `${caller}: image.shape is ${shown(shape)}, expected [channels, height, width].`,
      "invalid_argument",
    );
  }
  for (const side of shape) checkNumber(caller, "image.shape", side, { integer: true, min: 0 });
  const size = shape.reduce((product, side) => product * side, 1);
  if (!(data instanceof Float32Array) || data.length !== size) {
    throw new ArgumentError(
      `${caller}: image.data is ${shown(data)}, expected a Float32Array of ${size} values, as image.shape says.`,
      "invalid_argument",
    );
  }
}
