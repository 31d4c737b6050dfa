import { type Interpolation, interpolations, warp } from "../functional/index.js";
import { permutationValues, type RandomSource } from "../random/index.js";
import { ArgumentError, checkFlag, checkNumber, checkSize, checkWord, LARGEST } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { scalar, type CheckedParams, type TransformParams } from "./params.js";
import type { ImageLike, TransformOptions } from "./options.js";
import { Transform } from "./transform.js";

/** Options of {@link Rotate}. */
export interface RotateOptions extends TransformOptions {
  /** Upper limit of the angles, excluded, in degrees. Default: 360. */
  limits?: number;
  /** Angles are multiples of this angle, in degrees. Default: 1. */
  multiples?: number;
  /** Whether angles are nonnegative. Default: false. */
  positive?: boolean;
  /** Interpolation between pixels, at angles that are not multiples of 90 degrees. Default: "nearest". */
  interpolationMode?: Interpolation;
}

/**
 * Rotations about the centre of the image, counter-clockwise for positive angles, with zeros outside the image.
 *
 * Angles are multiples of `multiples` between `-limits` and `limits` (both excluded), without repetition of a rotation
 * among the `nTrans`: `{ multiples: 90, nTrans: 4 }` is a whole group. Multiples of 90 degrees permute pixels without
 * interpolation. Where height and width differ by an odd number, they are off centre by half a pixel, such that the
 * inverse restores all pixels that stayed in the image. The result has the size of the input, or with
 * `constantShape: false` that of the whole rotated image. Parameter: `theta`, in degrees.
 */
export class Rotate extends Transform {
  override readonly paramNames = ["theta"] as const;
  /** Upper limit of the angles, excluded, in degrees. */
  readonly limits: number;
  /** Angles are multiples of this angle, in degrees. */
  readonly multiples: number;
  /** Whether angles are nonnegative. */
  readonly positive: boolean;
  /** Interpolation between pixels, at angles that are not multiples of 90 degrees. */
  readonly interpolationMode: Interpolation;

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: RotateOptions = {}) {
    super("Rotate", options, ["limits", "multiples", "positive", "interpolationMode"]);
    this.limits = checkNumber("Rotate", "limits", options.limits ?? 360, { positive: true });
    this.multiples = checkNumber("Rotate", "multiples", options.multiples ?? 1, { positive: true });
    this.positive = checkFlag("Rotate", "positive", options.positive, false);
    this.interpolationMode = checkWord(
      "Rotate",
      "interpolationMode",
      options.interpolationMode ?? "nearest",
      interpolations,
    );
  }

  /** The angles to draw from, in degrees; of angles that differ by 360 only one. */
  angles(): number[] {
    const count = Math.ceil(this.limits / this.multiples);
    checkSize("Rotate", "a number of angles", count, LARGEST.angles, "multiples");
    const positive = Array.from({ length: count }, (_, i) => i * this.multiples);
    const seen = new Set<number>();
    return [...positive, ...(this.positive ? [] : positive.map((theta) => -theta))].filter((theta) => {
      const angle = modulo(theta, 360);
      return seen.has(angle) ? false : seen.add(angle);
    });
  }

  protected override draw(_x: ImageLike, rng: RandomSource): TransformParams {
    const angles = this.angles();
    if (this.nTrans > angles.length) {
      throw new ArgumentError(
        `Rotate: nTrans is ${this.nTrans}, but limits ${this.limits} and multiples ${this.multiples} leave only ` +
          `${angles.length} different rotations; lower nTrans.`,
        "invalid_argument",
      );
    }
    return {
      theta: Array.from(permutationValues(rng, angles.length).slice(0, this.nTrans), (i) => angles[i] as number),
    };
  }

  protected override apply(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    const theta = (inverse ? -1 : 1) * scalar(params, "theta", 0);
    const angle = modulo(theta, 360);
    if (angle % 90 === 0) return this.#rotate90(x, angle / 90);
    const size = x.shape.slice(-2) as [number, number];
    const rotatedSize = this.constantShape ? size : boundingSize(size, theta);
    const [cos, sin] = [Math.cos((theta * Math.PI) / 180), Math.sin((theta * Math.PI) / 180)];
    // The centre of the result maps to the centre of x.
    const [v, u] = rotatedSize.map((n) => (n - 1) / 2) as [number, number];
    const [row, column] = [(size[0] - 1) / 2 - sin * u - cos * v, (size[1] - 1) / 2 - cos * u + sin * v];
    return warp(x, [[cos, -sin, column, sin, cos, row, 0, 0, 1]], { size: rotatedSize, mode: this.interpolationMode });
  }

  /** `count` counter-clockwise rotations by 90 degrees, cropped and padded to the size of x. */
  #rotate90(x: Tensor, count: number): Tensor {
    if (count === 0) return x;
    const [row, column] = [x.shape.length - 2, x.shape.length - 1];
    if (count === 2) return x.flip([row, column]);
    const rotated = count === 1 ? x.transpose(row, column).flip(row) : x.transpose(row, column).flip(column);
    const [height = 1, width = 1] = x.shape.slice(-2);
    if (!this.constantShape || height === width) return rotated;
    // For an odd difference, the two directions round to opposite sides, so that each is the inverse of the other.
    const half = (width - height) / 2;
    const rows = count === 1 ? Math.floor(half) : Math.ceil(half);
    return window(window(rotated, row, rows, height), column, Math.floor(-half), width);
  }
}

/** Entries `from` to `from + size` (excluded) of a dimension, zeros outside. */
function window(x: Tensor, dim: number, from: number, size: number): Tensor {
  const length = x.shape[dim] as number;
  const starts = x.shape.map((_, d) => (d === dim ? Math.max(from, 0) : 0));
  const ends = x.shape.map((n, d) => (d === dim ? Math.min(from + size, length) : n));
  const before = Math.max(-from, 0);
  const after = Math.max(from + size - length, 0);
  const inside = x.slice(starts, ends);
  return before + after === 0 ? inside : inside.pad(x.shape.flatMap((_, d) => (d === dim ? [before, after] : [0, 0])));
}

/** The remainder of least nonnegative value. */
function modulo(a: number, n: number): number {
  return ((a % n) + n) % n;
}

/** Height and width of the bounding box of an image rotated by theta degrees. */
function boundingSize([height, width]: readonly [number, number], theta: number): [number, number] {
  const [cos, sin] = [Math.cos((theta * Math.PI) / 180), Math.sin((theta * Math.PI) / 180)];
  const span = (half: number, centre: number): number => {
    // To 1e-4 of a pixel, as in PIL and torchvision.
    const truncate = (v: number) => Math.trunc(v / 1e-4) * 1e-4;
    return Math.ceil(truncate(half + centre)) - Math.floor(truncate(centre - half));
  };
  const halfWidth = (Math.abs(cos) * width + Math.abs(sin) * height) / 2;
  const halfHeight = (Math.abs(sin) * width + Math.abs(cos) * height) / 2;
  return [span(halfHeight, height / 2), span(halfWidth, width / 2)];
}
