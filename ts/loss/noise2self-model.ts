import { conv2d } from "../functional/index.js";
import type { Reconstructor, ReconstructOptions } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { checkObject, checkOptionsObject, ShapeError } from "../runtime/index.js";
import { checkTensor, freeOnError, noGrad, ones, tensor, tidy, type Tensor } from "../tensor/index.js";
import { AdaptedModel } from "./adapted-model.js";

/** Settings a {@link Noise2SelfModel} takes from its loss. */
export interface Noise2SelfModelSettings {
  readonly width: number;
  readonly evalJInvariant: boolean;
  readonly rng: RandomSource | undefined;
}

/**
 * The model a Noise2SelfLoss trains. The pixels are divided into sets J that are grids of period `width`; the network
 * sees the local average in the place of the pixels of one set, `R(1_J s(y) + (1 - 1_J) y)`.
 *
 * In training a set is drawn for each image, and with `updateParameters` kept for the loss. In evaluation each pixel
 * comes from the pass that did not see it, `g(y) = sum_J 1_J R(1_J s(y) + (1 - 1_J) y)`, without gradients: `width^2`
 * passes.
 */
export class Noise2SelfModel extends AdaptedModel<"Noise2SelfLoss"> {
  readonly #settings: Noise2SelfModelSettings;
  #mask: Tensor | undefined;

  constructor(model: Reconstructor, settings: Noise2SelfModelSettings) {
    checkObject(new.target.name, "settings", settings);
    super("Noise2SelfLoss", model, settings.rng);
    this.#settings = settings;
  }

  /**
   * Reconstructs an image.
   *
   * @throws ShapeError `shape_mismatch` where y is no image of at least `width` x `width` pixels.
   */
  forward(y: Tensor, physics?: Physics, options: ReconstructOptions = {}): Tensor {
    checkTensor(this.adaptedBy, "y", y);
    checkOptionsObject(this.adaptedBy, options);
    return freeOnError(() => {
      const { width, evalJInvariant } = this.#settings;
      this.#checkSize(y);
      const rng = this.stream(options);
      if (!this.training && !evalJInvariant) return noGrad(() => this.model.forward(y, physics, { rng }));
      const average = localAverage(y);
      const sets = setNumbers(y, width);
      const without = (mask: Tensor) =>
        this.model.forward(y.mul(mask.neg().add(1)).add(average.mul(mask)), physics, { rng });
      if (this.training) {
        const batch = y.shape[0] ?? 0;
        const mask = sets.eq(rng.randint(0, width ** 2, [batch], y).reshape([batch, 1, 1, 1]));
        if (options.updateParameters) this.#mask = mask.expand([...y.shape]);
        return without(mask);
      }
      return noGrad(() =>
        Array.from({ length: width ** 2 }, (_, set) =>
          tidy(() => {
            const mask = sets.eq(set);
            return without(mask).mul(mask);
          }),
        ).reduce((a, b) => a.add(b)),
      );
    });
  }

  /**
   * 1 in the sets of the last forward pass in training with `updateParameters`, 0 elsewhere, in the shape of `y`.
   *
   * @throws ArgumentError `missing_argument` where there was none.
   */
  mask(): Tensor {
    return this.kept(this.#mask, "mask of hidden pixels");
  }

  #checkSize(y: Tensor): void {
    const { width } = this.#settings;
    const [, , height = 0, columns = 0] = y.shape;
    if (y.shape.length === 4 && Math.min(height, columns) >= width) return;
    throw new ShapeError(
      `${this.adaptedBy}: y must have shape [B, C, H, W] with H and W of at least ${width}, the width of the grid, ` +
        `got [${y.shape.join(", ")}]; give larger images, or a smaller width.`,
      "shape_mismatch",
    );
  }
}

/** The number of the set of each pixel, `[1, 1, H, W]`: `(row mod width) width + (column mod width)`. */
function setNumbers(y: Tensor, width: number): Tensor {
  const [, , height = 0, columns = 0] = y.shape;
  const numbers = Array.from(
    { length: height * columns },
    (_, i) => (Math.floor(i / columns) % width) * width + ((i % columns) % width),
  );
  return tensor(numbers, { shape: [1, 1, height, columns], dtype: y.dtype, device: y.device });
}

/** The mean of the eight neighbours of each pixel, those at the sides with twice the weight of those at the corners. */
function localAverage(y: Tensor): Tensor {
  const [batch = 0, channels = 0, height = 0, width = 0] = y.shape;
  const weights = tensor([1, 2, 1, 2, 0, 2, 1, 2, 1], { shape: [1, 1, 3, 3], dtype: y.dtype, device: y.device });
  const sum = conv2d(y.reshape([batch * channels, 1, height, width]), weights, { padding: 1 });
  return sum.div(conv2d(ones([1, 1, height, width], y), weights, { padding: 1 })).reshape([...y.shape]);
}
