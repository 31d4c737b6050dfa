import { type Interpolation, interpolations, type Outside, outsides, warp } from "../functional/index.js";
import { uniformValues, type RandomSource } from "../random/index.js";
import { ArgumentError, checkNumber, checkWord } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { homographies, NO_MOVE, type CameraMove } from "./camera.js";
import { scalar, type CheckedParams, type TransformParams } from "./params.js";
import type { ImageLike, TransformOptions } from "./options.js";
import { Transform } from "./transform.js";

/** Options of all homographies: how images are resampled. */
export interface ProjectiveOptions extends TransformOptions {
  /** Values outside the image. Default: "reflection". */
  padding?: Outside;
  /** Interpolation between pixels. Default: "bilinear". */
  interpolation?: Interpolation;
}

/** Options of {@link Homography}. */
export interface HomographyOptions extends ProjectiveOptions {
  /** Largest pan and tilt, in degrees. Default: 180. */
  thetaMax?: number;
  /** Largest rotation in the plane, in degrees. Default: 180. */
  thetaZMax?: number;
  /** Smallest zoom factor, at most 1. Default: 0.5. */
  zoomFactorMin?: number;
  /** Largest shift as a fraction of half the width and height. Default: 1. */
  shiftMax?: number;
  /** Largest skew. Default: 50. */
  skewMax?: number;
  /** Smallest stretch along x, at most 1. Default: 0.5. */
  xStretchFactorMin?: number;
  /** Smallest stretch along y, at most 1. Default: 0.5. */
  yStretchFactorMin?: number;
}

/** Limits of the random parameters. */
export type HomographyLimit =
  | "thetaMax"
  | "thetaZMax"
  | "zoomFactorMin"
  | "shiftMax"
  | "skewMax"
  | "xStretchFactorMin"
  | "yStretchFactorMin";

type Limits = Record<HomographyLimit, number>;

const DEFAULTS: Readonly<Limits> = {
  thetaMax: 180,
  thetaZMax: 180,
  zoomFactorMin: 0.5,
  shiftMax: 1,
  skewMax: 50,
  xStretchFactorMin: 0.5,
  yStretchFactorMin: 0.5,
};
/** The limits of parameters that do not vary. */
const FIXED: Readonly<Limits> = {
  thetaMax: 0,
  thetaZMax: 0,
  zoomFactorMin: 1,
  shiftMax: 0,
  skewMax: 0,
  xStretchFactorMin: 1,
  yStretchFactorMin: 1,
};

/**
 * Random homographies: the image of a camera after rotation, zoom, and a change of its intrinsic parameters.
 *
 * `out(p) = x(K' R^T K^-1 p)` for pixels `p = (x, y, 1)`. K is a camera of focal length 100 and principal point
 * `(u, v) = (floor(W / 2), floor(H / 2))`, `R = Rz Ry Rx`, and
 * `K' = [100 / (zoomF stretchX), skew, u + shiftX; 0, 100 / (zoomF stretchY), v + shiftY; 0, 0, 1]`. The inverse,
 * `out(p) = x(K R K'^-1 p)`, restores x up to interpolation and borders.
 *
 * Parameters: `thetaX`, `thetaY`, `thetaZ` in degrees, `zoomF`, `shiftX`, `shiftY` in pixels, `skew`, `stretchX`,
 * `stretchY`; those not given are neutral. Each is uniform between its limits, factors between their minimum and 1.
 * Paper: Wang, Davies, Tachella, "Perspective-equivariance for unsupervised imaging with camera geometry", 2024,
 * arXiv:2403.09327.
 */
export class Homography extends Transform {
  /** The limits that are options; other parameters do not vary. A subgroup overrides it. */
  protected static readonly varying: readonly HomographyLimit[] = Object.keys(DEFAULTS) as HomographyLimit[];

  override readonly paramNames = Object.keys(NO_MOVE) as readonly (keyof CameraMove)[];
  /** Values outside the image. */
  readonly padding: Outside;
  /** Interpolation between pixels. */
  readonly interpolation: Interpolation;
  /** Limits of the random parameters. */
  readonly limits: Readonly<Limits>;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: HomographyOptions = {}) {
    const { name: className, varying } = new.target;
    super(className, options, [...varying, "padding", "interpolation"]);
    this.padding = checkWord(className, "padding", options.padding ?? "reflection", outsides);
    this.interpolation = checkWord(className, "interpolation", options.interpolation ?? "bilinear", interpolations);
    const limits = { ...FIXED };
    for (const name of varying) {
      const rule = name.endsWith("Min") ? { positive: true, max: 1 } : { min: 0 };
      limits[name] = checkNumber(className, name, options[name] ?? DEFAULTS[name], rule);
    }
    this.limits = limits;
  }

  protected override draw(x: ImageLike, rng: RandomSource): TransformParams {
    const [height = 1, width = 1] = x.shape.slice(-2);
    const { thetaMax, thetaZMax, zoomFactorMin, shiftMax, skewMax, xStretchFactorMin, yStretchFactorMin } = this.limits;
    const between = (low: number, high: number) =>
      Array.from(uniformValues(rng, [this.nTrans]), (u) => high + (low - high) * u);
    const within = (limit: number) => between(-limit, limit);
    return {
      thetaX: within(thetaMax),
      thetaY: within(thetaMax),
      thetaZ: within(thetaZMax),
      zoomF: between(zoomFactorMin, 1),
      shiftX: within((width / 2) * shiftMax),
      shiftY: within((height / 2) * shiftMax),
      skew: within(skewMax),
      stretchX: between(xStretchFactorMin, 1),
      stretchY: between(yStretchFactorMin, 1),
    };
  }

  protected override apply(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    const move: { -readonly [K in keyof CameraMove]: number } = { ...NO_MOVE };
    for (const name of this.paramNames) move[name] = scalar(params, name, NO_MOVE[name]);
    for (const name of ["zoomF", "stretchX", "stretchY"] as const) {
      if (!(move[name] > 0))
        throw new ArgumentError(
          `${this.className}: ${name} is ${move[name]}, expected a factor above 0.`,
          "invalid_argument",
        );
    }
    const size = x.shape.slice(-2) as [number, number];
    const { toSource, fromSource } = homographies(move, size);
    return warp(x, [inverse ? fromSource : toSource], {
      size,
      mode: this.interpolation,
      paddingMode: this.padding,
    });
  }
}
