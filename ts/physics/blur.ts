import { convolve, convolveAdjoint, type Padding, PADDINGS } from "../functional/index.js";
import { ArgumentError, checkWord } from "../runtime/index.js";
import { keep, type Tensor } from "../tensor/index.js";
import { checkImages, checkTensorOption } from "./checks.js";
import { LinearPhysics, type LinearOptions } from "./linear.js";
import { matching, type NoiseModel, type ZeroNoise } from "./noise/index.js";
import type { PhysicsParameters } from "./physics.js";

/** Options of {@link Blur}. */
export interface BlurOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /**
   * Filter of shape `[1 or B, 1 or C, h, w]`. Without one, it must be set by `update({ filter })` before the first
   * measurement.
   */
  filter?: Tensor;
  /** How the image goes on beyond its border; default `"valid"`, which gives a smaller measurement. */
  padding?: Padding;
  /**
   * Computes the convolution by Fourier transforms, which is faster for filters of more than some ten pixels a side;
   * default false.
   */
  useFft?: boolean;
}

/**
 * Blur: true convolution of images `[B, C, H, W]` with a filter.
 *
 * The filter is centred at `(h // 2, w // 2)`; see {@link BlurFFT} for circular borders and closed forms.
 */
export class Blur<N extends NoiseModel = ZeroNoise> extends LinearPhysics<N, "blur"> {
  /** The filter. */
  filter: Tensor | undefined;
  /** How the image goes on beyond its border. */
  readonly padding: Padding;
  /** Whether Fourier transforms compute the convolution. */
  readonly useFft: boolean;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`; ShapeError `shape_mismatch`. */
  constructor(options: BlurOptions<N> = {}) {
    const { filter, padding = "valid", useFft = false, ...rest } = options;
    super(rest, { className: "Blur", keys: ["filter", "padding", "useFft"], operator: "blur" });
    this.padding = checkWord("Blur", "padding", padding, PADDINGS);
    if (typeof useFft !== "boolean") throw new ArgumentError("Blur: useFft must be true or false.", "invalid_argument");
    this.useFft = useFft;
    if (filter !== undefined) checkTensorOption("Blur", "filter", filter, 4);
    this.filter = filter;
  }

  private filterFor(caller: string, like: Tensor): Tensor {
    if (!this.filter)
      throw new ArgumentError(
        `${caller}: there is no filter yet; pass filter to the constructor or call update({ filter }).`,
        "missing_argument",
      );
    return matching(this.filter, like);
  }

  override A(x: Tensor): Tensor {
    checkImages("Blur.A", "x", x);
    return convolve(x, this.filterFor("Blur.A", x), { padding: this.padding, useFft: this.useFft, caller: "Blur.A" });
  }

  override AAdjoint(y: Tensor): Tensor {
    checkImages("Blur.AAdjoint", "y", y);
    return convolveAdjoint(y, this.filterFor("Blur.AAdjoint", y), {
      padding: this.padding,
      useFft: this.useFft,
      caller: "Blur.AAdjoint",
    });
  }

  override parameterNames(): readonly string[] {
    return ["filter"];
  }

  protected override setParameters({ filter }: PhysicsParameters): void {
    checkTensorOption("Blur.update", "filter", filter, 4);
    // It stays after the step in which it came, even where each step is tidied.
    this.filter = keep(filter);
  }
}
