import { ArgumentError, checkNumber, LARGEST, ShapeError } from "../runtime/index.js";
import { stack, type Tensor } from "../tensor/index.js";
import { Metric, type MetricOptions } from "./metric.js";
import { quotient } from "./quotient.js";

/** Options of {@link BlurStrength}. */
export interface BlurStrengthOptions extends MetricOptions {
  /** Length of the uniform blur in pixels, odd. Default: 11. */
  hSize?: number;
}

const LUMINANCE = [0.2989, 0.587, 0.114] as const;

/**
 * How blurred an image is, without a reference (Crete, Dolmiere, Ladret, Nicolas, 2007, doi:10.1117/12.702790): from 0,
 * sharp, to 1, blurred.
 *
 * Blurring an image once more changes a sharp one much and a blurred one little. Along each axis, `1 - sum max(0, |d x|
 * - |d (k * x)|) / sum |d x|` with the uniform filter k and `d x = x[i + 1] - x[i - 1]`; the value is the largest over
 * the axes. An axis along which nothing changes has 1.
 *
 * Images `[B, C, ...]` of any number of axes with one or three channels, at least 4 pixels and more than half of
 * `hSize` along each.
 */
export class BlurStrength extends Metric {
  override readonly needsReference: boolean = false;
  readonly hSize: number;

  constructor(options: BlurStrengthOptions = {}) {
    super("BlurStrength", options, ["hSize"]);
    this.hSize = checkNumber("BlurStrength", "hSize", options.hSize ?? 11, {
      positive: true,
      integer: true,
      max: LARGEST.filterSide,
    });
    if (this.hSize % 2 === 0) {
      throw new ArgumentError(`BlurStrength: hSize is ${this.hSize}, expected an odd number.`, "invalid_argument");
    }
  }

  protected metric(xNet: Tensor): Tensor {
    const half = (this.hSize - 1) / 2;
    const [batch = 0, channels = 0, ...sides] = xNet.shape;
    const smallest = Math.max(4, half + 1);
    if (sides.length === 0 || (channels !== 1 && channels !== 3) || Math.min(...sides) < smallest) {
      throw new ShapeError(
        `BlurStrength: images must have shape [B, C, ...] with C = 1 or 3 and at least ${smallest} pixels ` +
          `along each axis for hSize ${this.hSize}, got [${xNet.shape.join(", ")}].`,
        "shape_mismatch",
      );
    }
    const image = channels === 3 ? luminance(xNet) : xNet;
    const values = sides.map((side, i) => {
      const axis = i + 2;
      const widths = image.shape.flatMap((_, dim) => (dim === axis ? [half, half] : [0, 0]));
      const padded = image.pad(widths, { mode: "reflect" });
      // The pixels i = 2, ..., side - 2 of each axis are compared; along this one they are shifted.
      const part = (of: Tensor, shift: number): Tensor =>
        of.slice(
          [0, 0, ...sides.map((_, k) => (k === i ? 2 + shift : 2))],
          [batch, 1, ...sides.map((other, k) => (k === i ? side - 1 + shift : other - 1))],
        );
      const sharp = part(image, 1).sub(part(image, -1)).abs();
      // The difference of two running means, all but four of whose terms cancel.
      const blurred = part(padded, 2 * half + 1)
        .add(part(padded, 2 * half))
        .sub(part(padded, 0))
        .sub(part(padded, -1))
        .div(this.hSize)
        .abs();
      const all = sides.map((_, k) => k + 2);
      const lost = sharp.sub(blurred).relu();
      return quotient(lost.sum([1, ...all]), sharp.sum([1, ...all]))
        .neg()
        .add(1);
    });
    return stack(values, 0).max(0);
  }
}

function luminance(image: Tensor): Tensor {
  const [red, green, blue] = LUMINANCE.map((weight, channel) => image.select(1, channel).mul(weight)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  return red.add(green).add(blue).unsqueeze(1);
}
