import type { Metric } from "../metric/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import { ShapeError, checkNumber, checkOptions } from "../runtime/index.js";
import { noGrad, tensor, type Tensor } from "../tensor/index.js";
import { lossAssumptions } from "./assumptions.js";
import { Loss } from "./loss.js";
import type { ArgsOf } from "./pairing.js";
import { metricOption } from "./shared.js";

/** Options of {@link Neighbor2Neighbor}. */
export interface Neighbor2NeighborOptions {
  /** What compares sub-images. Default: mean squared error. */
  metric?: Metric;
  /** Weight of the regularisation. Default 2. */
  gamma?: number;
  rng?: RandomSource;
}

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
 * Neighbor2Neighbor: predicts one of two neighbouring noisy pixels from the other (Huang, Li, Jia, Lu, Liu, 2021).
 *
 * `metric(R(A1 y), A2 y) + gamma metric(R(A1 y) - A1 R(y), A2 y - A2 R(y))`, where A1 and A2 pick two neighbours of
 * each 2 x 2 cell at random and R(y) carries no gradient. For noise that is independent between pixels, on images where
 * neighbouring clean pixels are nearly equal.
 *
 * Measurements `[B, C, H, W]` with H and W even.
 */
export class Neighbor2Neighbor extends Loss {
  readonly name: string = "Neighbor2Neighbor";
  readonly assumptions = lossAssumptions.Neighbor2Neighbor;
  readonly metric: Metric;
  readonly gamma: number;
  private readonly rng: RandomSource | undefined;

  constructor(options: Neighbor2NeighborOptions = {}) {
    super();
    checkOptions("Neighbor2Neighbor", options, ["metric", "gamma", "rng"]);
    this.metric = metricOption("Neighbor2Neighbor", options.metric);
    this.gamma = checkNumber("Neighbor2Neighbor", "gamma", options.gamma ?? 2, { min: 0 });
    this.rng = options.rng;
  }

  forward(args: ArgsOf<"Neighbor2Neighbor">): Tensor {
    this.check(args);
    const { y, physics, model } = args;
    const [batch = 0, , height = 0, width = 0] = y.shape;
    if (y.shape.length !== 4 || height % 2 !== 0 || width % 2 !== 0) {
      throw new ShapeError(
        `Neighbor2Neighbor: y must have shape [B, C, H, W] with H and W even, got [${y.shape.join(", ")}]; crop a row or a column.`,
        "shape_mismatch",
      );
    }
    const rng = resolveRng(args.rng, this.rng);
    const cells = (batch * height * width) / 4;
    const choice = rng.randint(0, PAIRS.length, [cells], y);
    const pick = (image: Tensor, member: 0 | 1) => subImage(image, choice, member);

    const first = model.forward(pick(y, 0), physics, { rng });
    const target = pick(y, 1);
    const loss = this.metric.forward(first, target);
    if (this.gamma === 0) return loss;
    const whole = noGrad(() => model.forward(y, physics, { rng })).detach();
    const regular = this.metric.forward(first.sub(pick(whole, 0)), target.sub(pick(whole, 1)));
    return loss.add(regular.mul(this.gamma));
  }
}

/** Takes from each 2 x 2 cell the first or second member of its pair: `[B, C, H, W]` to `[B, C, H/2, W/2]`. */
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
