import type { Metric } from "../metric/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import { ShapeError } from "../runtime/index.js";
import { noGrad, tensor, type Tensor, freeOnError } from "../tensor/index.js";
import type { ArgsOf } from "./args.js";
import { metricOption } from "./metric-option.js";
import { NamedLoss } from "./named-loss.js";
import { number, type OptionReaders, randomStream, readOptions } from "./options.js";

/** Options of {@link Neighbor2Neighbor}. */
export interface Neighbor2NeighborOptions {
  /** Compares sub-images. Default: mean squared error. */
  metric?: Metric;
  /** Weight of the regularisation. Default: 2. */
  gamma?: number;
  /** Random stream, unless a call brings its own. */
  rng?: RandomSource;
}

const OPTIONS = {
  metric: metricOption,
  gamma: number(2, { min: 0 }),
  rng: randomStream,
} satisfies OptionReaders<Neighbor2NeighborOptions>;

/** The ordered pairs of neighbours in a 2 x 2 cell numbered 0 1 / 2 3. */
const PAIRS = [
  [0, 1],
  [0, 2],
  [1, 3],
  [2, 3],
  [1, 0],
  [2, 0],
  [3, 1],
  [3, 2],
] as const;

/**
 * Neighbor2Neighbor: predicts one of two neighbouring noisy pixels from the other (Huang, Li, Jia, Lu, Liu, 2021,
 * arXiv:2101.02824).
 *
 * `metric(R(A1 y), A2 y) + gamma metric(R(A1 y) - A1 R(y), A2 y - A2 R(y))`, where A1 and A2 select two neighbours of
 * each 2 x 2 cell at random and R(y) carries no gradient. For noise that is independent between pixels, on images where
 * neighbouring clean pixels are nearly equal.
 *
 * Measurements `[B, C, H, W]` with H and W even.
 *
 * @returns shape `[B]` for a metric that keeps the batch.
 */
export class Neighbor2Neighbor extends NamedLoss<"Neighbor2Neighbor"> {
  readonly metric: Metric;
  readonly gamma: number;
  readonly #rng: RandomSource | undefined;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: Neighbor2NeighborOptions = {}) {
    super("Neighbor2Neighbor");
    const { metric, gamma, rng } = readOptions(this.name, options, OPTIONS);
    this.metric = metric;
    this.gamma = gamma;
    this.#rng = rng;
  }

  forward(args: ArgsOf<"Neighbor2Neighbor">): Tensor {
    return freeOnError(() => {
      this.check(args);
      const { y, physics, model } = args;
      const [batch = 0, , height = 0, width = 0] = y.shape;
      if (y.shape.length !== 4 || height % 2 !== 0 || width % 2 !== 0) {
        throw new ShapeError(
          `${this.name}: y must have shape [B, C, H, W] with H and W even, got [${y.shape.join(", ")}]; ` +
            "crop a row or a column.",
          "shape_mismatch",
        );
      }
      const rng = resolveRng(args.rng, this.#rng);
      const cells = (batch * height * width) / 4;
      const choice = rng.randint(0, PAIRS.length, [cells], y);
      const A1 = (image: Tensor) => subImage(image, choice, 0);
      const A2 = (image: Tensor) => subImage(image, choice, 1);

      const prediction = model.forward(A1(y), physics, { rng });
      const target = A2(y);
      const value = this.metric.forward(prediction, target);
      if (this.gamma === 0) return value;
      const whole = noGrad(() => model.forward(y, physics, { rng })).detach();
      const regularisation = this.metric.forward(prediction.sub(A1(whole)), target.sub(A2(whole)));
      return value.add(regularisation.mul(this.gamma));
    });
  }
}

/** Takes the first or second member of its pair from each 2 x 2 cell: `[B, C, H, W]` to `[B, C, H/2, W/2]`. */
function subImage(image: Tensor, choice: Tensor, member: 0 | 1): Tensor {
  const [batch = 0, channels = 0, height = 0, width = 0] = image.shape;
  const [h, w] = [height / 2, width / 2];
  const members = tensor(
    PAIRS.map((p) => p[member]),
    { dtype: image.dtype, device: image.device },
  );
  const entry = members.indexSelect(choice, 0).reshape([batch, 1, h, w, 1]).expand([batch, channels, h, w, 1]);
  const cells = image
    .reshape([batch, channels, h, 2, w, 2])
    .permute([0, 1, 2, 4, 3, 5])
    .reshape([batch, channels, h, w, 4]);
  return cells.gather(entry, 4).reshape([batch, channels, h, w]);
}
