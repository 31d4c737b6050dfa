import { uniformValues, type RandomSource } from "../random/index.js";
import { checkOptions, ShapeError } from "../runtime/index.js";
import { cat, tensor, type Tensor } from "../tensor/index.js";
import { scalar, type CheckedParams, type TransformParams } from "./params.js";
import { checkRange, uniformIn } from "./random-noise.js";
import type { ImageLike, TransformOptions } from "./options.js";
import { Transform } from "./transform.js";

/** Options of {@link RandomPhaseError}. */
export interface RandomPhaseErrorOptions extends Omit<TransformOptions, "flattenVideoInput" | "constantShape"> {
  /** Scale of the error, or a range `[min, max]` to draw it from. Default: 0.2. */
  scale?: number | readonly [number, number];
}

/**
 * Phase errors of an MRI readout along the width: `y_k exp(-i s)` with one phase s for even columns k and another for
 * odd columns.
 *
 * y is complex, `[B, 2, ..., H, W]`. Phases are uniform in `[-pi scale, pi scale)`. Parameters: `se` (even), `so`
 * (odd), in radians. Paper: Desai et al., "VORTEX: physics-driven data augmentations using consistency training for
 * robust accelerated MRI reconstruction", 2022, arXiv:2111.02549.
 */
export class RandomPhaseError extends Transform {
  override readonly paramNames = ["se", "so"] as const;
  /** Smallest and largest scale. */
  readonly scale: readonly [number, number];

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: RandomPhaseErrorOptions = {}) {
    checkOptions("RandomPhaseError", options, ["nTrans", "rng", "scale"]);
    // The channels are real and imaginary part, so frames must not be flattened into channels.
    super("RandomPhaseError", { ...options, flattenVideoInput: false }, ["scale"]);
    this.scale = checkRange("RandomPhaseError", "scale", options.scale ?? 0.2);
  }

  protected override draw(_x: ImageLike, rng: RandomSource): TransformParams {
    const scale = uniformIn(this.scale, this.nTrans, rng);
    const phases = () =>
      Array.from(uniformValues(rng, [this.nTrans]), (u, i) => Math.PI * (scale[i] as number) * (2 * u - 1));
    return { se: phases(), so: phases() };
  }

  protected override apply(y: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    const [batch, channels, ...size] = y.shape;
    if (channels !== 2) {
      throw new ShapeError(
        `RandomPhaseError: the measurement has shape [${y.shape.join(", ")}], expected complex numbers, ` +
          "[B, 2, ...] (real, imaginary).",
        "shape_mismatch",
      );
    }
    const sign = inverse ? 1 : -1;
    const phases = ["se", "so"].map((name) => sign * scalar(params, name, 0));
    const width = size.at(-1) ?? 1;
    const perColumn = (f: (phase: number) => number): Tensor =>
      tensor(
        Float64Array.from({ length: width }, (_, k) => f(phases[k % 2] as number)),
        { dtype: y.dtype, device: y.device },
      );
    const [cos, sin] = [perColumn(Math.cos), perColumn(Math.sin)];
    const channel = (c: number): Tensor => y.slice([0, c, ...size.map(() => 0)], [batch, c + 1, ...size]);
    const [re, im] = [channel(0), channel(1)];
    return cat([re.mul(cos).sub(im.mul(sin)), re.mul(sin).add(im.mul(cos))], 1);
  }
}
