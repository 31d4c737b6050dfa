import { type Interpolation, interpolations, type Matrix3, type Outside, outsides, warp } from "../functional/index.js";
import { uniformValues, type RandomSource } from "../random/index.js";
import { ArgumentError, checkNumber, checkWord, ShapeError, shown } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { CheckedParams, TransformParams } from "./params.js";
import type { ImageLike, TransformOptions } from "./options.js";
import { Transform } from "./transform.js";

/** Options of {@link Scale}. */
export interface ScaleOptions extends TransformOptions {
  /** Factors to draw from, above 0; those below 1 shrink the image. Default: [0.75, 0.5]. */
  factors?: readonly number[];
  /** Values outside the image. Default: "reflection". */
  paddingMode?: Outside;
  /** Interpolation between pixels. Default: "bicubic". */
  mode?: Interpolation;
}

/**
 * Scaling about a random centre c, `out(p) = x((p - c) / factor + c)`.
 *
 * Each image has its own factor and centre. A factor of 1 is the identity, and `1 / factor` about the same centre is
 * the inverse, up to interpolation and borders. Parameters, one entry for each of the `nTrans B` results or one for
 * all: `factor`, and `center`, `[x, y]` from 0 at the first to 1 at the last pixel. Default: [0.5, 0.5]. Paper:
 * Scanvic, Davies, Abry, Tachella, "Scale-equivariant imaging: self-supervised learning for image super-resolution and
 * deblurring", 2023, arXiv:2312.11232.
 */
export class Scale extends Transform {
  override readonly paramNames = ["factor", "center"] as const;
  /** Factors to draw from. */
  readonly factors: readonly number[];
  /** Values outside the image. */
  readonly paddingMode: Outside;
  /** Interpolation between pixels. */
  readonly mode: Interpolation;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: ScaleOptions = {}) {
    super("Scale", options, ["factors", "paddingMode", "mode"]);
    const { factors = [0.75, 0.5] } = options;
    if (!Array.isArray(factors) || factors.length === 0)
      throw new ArgumentError(
        "Scale: factors must be a list of numbers above 0, such as [0.75, 0.5].",
        "invalid_argument",
      );
    this.factors = factors.map((factor: number) => checkNumber("Scale", "a factor", factor, { positive: true }));
    this.paddingMode = checkWord("Scale", "paddingMode", options.paddingMode ?? "reflection", outsides);
    this.mode = checkWord("Scale", "mode", options.mode ?? "bicubic", interpolations);
  }

  protected override draw(x: ImageLike, rng: RandomSource): TransformParams {
    const count = (x.shape[0] ?? 1) * this.nTrans;
    const factor = Array.from(
      uniformValues(rng, [count]),
      (u) => this.factors[Math.floor(this.factors.length * u)] as number,
    );
    const centres = uniformValues(rng, [count, 2]);
    return { factor, center: Array.from({ length: count }, (_, i) => Array.from(centres.slice(2 * i, 2 * i + 2))) };
  }

  /** The parameters of each transform, with one entry for each image. */
  protected override sets(params: CheckedParams, images?: number): CheckedParams[] {
    const count = entriesOf(params);
    if (count === 1) return [params];
    const transforms = images === undefined ? this.nTrans : count / images;
    if (count % transforms !== 0 || !Number.isInteger(transforms)) {
      const what = images === undefined ? `${this.nTrans} transforms (nTrans)` : `${images} images`;
      throw new ShapeError(
        `Scale: ${count} factors or centres for ${what}, expected one for all, ` +
          "or for each transform one for each image.",
        "shape_mismatch",
      );
    }
    const each = count / transforms;
    return Array.from({ length: transforms }, (_, i) =>
      Object.fromEntries(
        Object.entries(params).map(([name, all]) => [
          name,
          all.length === 1 ? all : all.slice(i * each, (i + 1) * each),
        ]),
      ),
    );
  }

  protected override apply(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    const count = entriesOf(params);
    const [height = 1, width = 1] = x.shape.slice(-2);
    const maps = Array.from({ length: count }, (_, i): Matrix3 => {
      const factor = checkNumber("Scale", "factor", params.factor?.[i] ?? params.factor?.[0] ?? 1, { positive: true });
      const [cx, cy] = centerOf(params.center?.[i] ?? params.center?.[0] ?? [0.5, 0.5]);
      const zoom = inverse ? factor : 1 / factor;
      const [row, column] = [cy * (height - 1), cx * (width - 1)];
      return [zoom, 0, column - zoom * column, 0, zoom, row - zoom * row, 0, 0, 1];
    });
    return warp(x, maps, { size: [height, width], mode: this.mode, paddingMode: this.paddingMode });
  }
}

/** The number of entries of the longer parameter; a single entry is for all images. */
function entriesOf(params: CheckedParams): number {
  const [factors, centers] = [params.factor?.length ?? 1, params.center?.length ?? 1];
  if (factors !== centers && factors !== 1 && centers !== 1)
    throw new ShapeError(`Scale: ${factors} factors and ${centers} centres, expected equal numbers.`, "shape_mismatch");
  return Math.max(factors, centers);
}

/** A checked centre, `[x, y]`. */
function centerOf(center: number | readonly number[]): readonly [number, number] {
  if (typeof center !== "number" && center.length === 2) return center as readonly [number, number];
  throw new ArgumentError(
    `Scale: a center is ${shown(center)}, expected [x, y], such as [0.5, 0.5] for the middle.`,
    "invalid_argument",
  );
}
