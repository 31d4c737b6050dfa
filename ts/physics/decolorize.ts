import { matching } from "../functional/index.js";
import { ArgumentError, ShapeError, shown, checkOptionsObject } from "../runtime/index.js";
import { resolveRng } from "../random/index.js";
import { tensor, type Tensor, checkTensor, freeOnError } from "../tensor/index.js";
import { checkList, checkNumber, LARGEST } from "../runtime/index.js";
import { checkImages } from "./argument-checks.js";
import { type DecomposableOptions, DecomposablePhysics } from "./decomposable.js";
import type { LinearOptions } from "./linear.js";
import type { NoiseModel, ZeroNoise } from "./noise/index.js";

/** Options of {@link Decolorize}. */
export interface DecolorizeOptions<N extends NoiseModel = NoiseModel>
  extends LinearOptions<N>,
    Pick<DecomposableOptions<N>, "imgSize"> {
  /** Number of channels. Default: 3. */
  channels?: number;
  /**
   * Spectral response function: the weight of each channel, of sum 1, by name or as numbers (missing ones are 0).
   * Default: "rec601".
   */
  srf?: "rec601" | "flat" | "average" | "random" | readonly number[];
}

const REC601 = [0.4472 * 0.66851, 0.8781 * 0.66851, 0.1706 * 0.66851];

/** The weights of the channels. */
function response(options: DecolorizeOptions, channels: number): number[] {
  const { srf = "rec601", rng } = options;
  let weights: number[];
  if (srf === "rec601") weights = REC601;
  else if (srf === "flat" || srf === "average") weights = Array.from({ length: channels }, () => 1 / channels);
  else if (srf === "random") {
    const values = Array.from(resolveRng(rng).uniform([channels]).dataSync());
    const total = values.reduce((a, b) => a + b, 0);
    weights = values.map((w) => w / total);
  } else if (Array.isArray(srf)) {
    weights = checkList("Decolorize", "srf", srf, LARGEST.batch).map((w) => checkNumber("Decolorize", "srf", w));
  } else
    throw new ArgumentError(
      `Decolorize: srf is ${shown(srf)}, expected "rec601", "flat", "random" or an array of numbers.`,
      "invalid_argument",
    );
  if (weights.length > channels) {
    throw new ArgumentError(
      `Decolorize: srf has ${weights.length} weights for ${channels} channels, expected at most one per channel.`,
      "invalid_argument",
    );
  }
  const total = weights.reduce((a, b) => a + b, 0);
  if (Math.abs(total - 1) > 1e-4)
    throw new ArgumentError(`Decolorize: the weights of srf sum to ${total}, expected 1.`, "invalid_argument");
  return [...weights, ...Array.from({ length: channels - weights.length }, () => 0)];
}

/** Conversion of colour to grey: the weighted sum of the channels, `[B, C, H, W]` to `[B, 1, H, W]`. */
export class Decolorize<N extends NoiseModel = ZeroNoise> extends DecomposablePhysics<N, "decolorize"> {
  protected static override readonly optionKeys: readonly string[] = ["channels", "srf"];
  override readonly operator = "decolorize" as const;
  /** Weight of each channel, shape `[1, C, 1, 1]`. */
  readonly srf: Tensor;
  /** The unit vector along the weights, shape `[1, C, 1, 1]`. */
  protected readonly direction: Tensor;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: DecolorizeOptions<N> = {}) {
    checkOptionsObject(new.target.name, options);
    const { channels = 3, srf: _, ...rest } = options;
    super(rest);
    const count = checkNumber("Decolorize", "channels", channels, {
      integer: true,
      positive: true,
      max: LARGEST.batch,
    });
    const weights = response(options, count);
    const norm = Math.hypot(...weights);
    const shape = [1, count, 1, 1];
    // A = |w| (w / |w|)^T for each pixel: one singular value, and V the unit vector along the weights.
    const unit = weights.map((w) => w / norm);
    [this.srf, this.direction, this.mask] = freeOnError(() => [
      tensor(weights, { shape }),
      tensor(unit, { shape }),
      tensor([norm], { shape: [1, 1, 1, 1] }),
    ]);
  }

  protected override check(caller: string, name: string, value: Tensor): void {
    checkImages(caller, name, value);
    const channels = name === "x" ? (this.srf.shape[1] ?? 1) : 1;
    if (value.shape[1] !== channels) {
      throw new ShapeError(
        `${caller}: ${name} has shape [${value.shape.join(", ")}], expected ` +
          `${channels} channel${channels > 1 ? "s" : ""} in dimension 1.`,
        "shape_mismatch",
      );
    }
  }

  /** Image to spectrum: the coefficient along the weights. */
  override VAdjoint(x: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.VAdjoint`, "x", x);
      return x.mul(matching(this.direction, x)).sum(1, true);
    });
  }

  /** Spectrum to image. */
  override V(s: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.V`, "s", s);
      return s.mul(matching(this.direction, s));
    });
  }

  override parameterNames(): readonly string[] {
    return [];
  }
}
