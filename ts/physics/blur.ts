import { freeOnError } from "../tensor/index.js";
import { convolve, convolveAdjoint, type Padding, PADDINGS, matching } from "../functional/index.js";
import { ArgumentError, checkFlag, checkWord, checkOptionsObject } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkImages, checkTensorOption } from "./argument-checks.js";
import { LinearPhysics, type LinearOptions } from "./linear.js";
import type { NoiseModel, ZeroNoise } from "./noise/index.js";
import type { PhysicsParameters } from "./physics.js";

/** Options of {@link Blur}. */
export interface BlurOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /**
   * Filter, `[1 or B, 1 or C, h, w]`. Default: none; `update({ filter })` must set it before the first measurement.
   */
  filter?: Tensor;
  /** Padding at the borders of the image. Default: "valid" (none), which gives a smaller measurement. */
  padding?: Padding;
  /**
   * Whether to compute the convolution by Fourier transforms, which is faster for filters larger than about 10 x 10
   * pixels. Default: false.
   */
  useFft?: boolean;
}

/**
 * Blur: true convolution of images `[B, C, H, W]` with a filter.
 *
 * The centre of the filter is the entry `(floor(h / 2), floor(w / 2))`. {@link BlurFFT} has circular borders and closed
 * forms.
 */
export class Blur<N extends NoiseModel = ZeroNoise> extends LinearPhysics<N, "blur"> {
  protected static override readonly optionKeys: readonly string[] = ["filter", "padding", "useFft"];
  override readonly operator = "blur" as const;
  /** The filter. */
  filter: Tensor | undefined;
  /** Padding at the borders of the image. */
  readonly padding: Padding;
  /** Whether the convolution is computed by Fourier transforms. */
  readonly useFft: boolean;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`; ShapeError `shape_mismatch`. */
  constructor(options: BlurOptions<N> = {}) {
    checkOptionsObject(new.target.name, options);
    const { filter, padding = "valid", useFft, ...rest } = options;
    super(rest);
    this.padding = checkWord("Blur", "padding", padding, PADDINGS);
    this.useFft = checkFlag("Blur", "useFft", useFft, false);
    if (filter !== undefined) checkTensorOption("Blur", "filter", filter, 4);
    this.filter = filter;
  }

  override A(x: Tensor): Tensor {
    return freeOnError(() => {
      checkImages("Blur.A", "x", x);
      return convolve(x, filterFor(this, "Blur.A", x), {
        padding: this.padding,
        useFft: this.useFft,
        caller: "Blur.A",
      });
    });
  }

  override AAdjoint(y: Tensor): Tensor {
    return freeOnError(() => {
      checkImages("Blur.AAdjoint", "y", y);
      return convolveAdjoint(y, filterFor(this, "Blur.AAdjoint", y), {
        padding: this.padding,
        useFft: this.useFft,
        caller: "Blur.AAdjoint",
      });
    });
  }

  override parameterNames(): readonly string[] {
    return ["filter"];
  }

  protected override setParameters({ filter }: PhysicsParameters): void {
    checkTensorOption("Blur.update", "filter", filter, 4);
    this.filter = filter;
  }
}

/** The filter on the device and of the type of `like`. */
function filterFor({ filter }: Blur<NoiseModel>, caller: string, like: Tensor): Tensor {
  if (!filter)
    throw new ArgumentError(
      `${caller}: there is no filter yet; pass filter to the constructor or call update({ filter }).`,
      "missing_argument",
    );
  return matching(filter, like);
}
