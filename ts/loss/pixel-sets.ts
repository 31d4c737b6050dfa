import { conv2d } from "../functional/index.js";
import { ShapeError } from "../runtime/index.js";
import { noGrad, ones, tensor, tidy, type Tensor } from "../tensor/index.js";

/**
 * Checks that an image has a pixel in each of the `width^2` sets.
 *
 * @throws ShapeError `shape_mismatch` where y is no image of at least `width` x `width` pixels.
 */
export function checkGridSize(name: string, y: Tensor, width: number): void {
  const [, , height = 0, columns = 0] = y.shape;
  if (y.shape.length === 4 && Math.min(height, columns) >= width) return;
  throw new ShapeError(
    `${name}: y must have shape [B, C, H, W] with H and W of at least ${width}, the width of the grid, ` +
      `got [${y.shape.join(", ")}]; give larger images, or a smaller width.`,
    "shape_mismatch",
  );
}

/** The number of the set of each pixel, `[1, 1, H, W]`: `(row mod width) width + (column mod width)`. */
export function setNumbers(y: Tensor, width: number): Tensor {
  const [, , height = 0, columns = 0] = y.shape;
  const numbers = Array.from(
    { length: height * columns },
    (_, i) => (Math.floor(i / columns) % width) * width + ((i % columns) % width),
  );
  return tensor(numbers, { shape: [1, 1, height, columns], dtype: y.dtype, device: y.device });
}

/** The mean of the eight neighbours of each pixel, those at the sides with twice the weight of those at the corners. */
export function localAverage(y: Tensor): Tensor {
  const [batch = 0, channels = 0, height = 0, width = 0] = y.shape;
  const weights = tensor([1, 2, 1, 2, 0, 2, 1, 2, 1], { shape: [1, 1, 3, 3], dtype: y.dtype, device: y.device });
  const sum = conv2d(y.reshape([batch * channels, 1, height, width]), weights, { padding: 1 });
  return sum.div(conv2d(ones([1, 1, height, width], y), weights, { padding: 1 })).reshape([...y.shape]);
}

/** `1_J s(y) + (1 - 1_J) y`: the local average s(y) in the place of the pixels of a set. */
export function withoutSet(y: Tensor, average: Tensor, set: Tensor): Tensor {
  return y.mul(set.neg().add(1)).add(average.mul(set));
}

/**
 * The J-invariant version of a denoiser R, `g(y) = sum_J 1_J R(1_J s(y) + (1 - 1_J) y)`, without gradients: each pixel
 * comes from the pass that did not see its set, `width^2` passes.
 */
export function invariant(y: Tensor, width: number, denoise: (input: Tensor) => Tensor): Tensor {
  return noGrad(() => {
    const average = localAverage(y);
    const sets = setNumbers(y, width);
    const restored = (number: number) =>
      tidy(() => {
        const set = sets.eq(number);
        return denoise(withoutSet(y, average, set)).mul(set);
      });
    return Array.from({ length: width ** 2 }, (_, number) => restored(number)).reduce((a, b) => a.add(b));
  });
}
