import { type Interpolation, INTERPOLATIONS, warp } from "../functional/index.js";
import { permutationValues, type RandomSource } from "../random/index.js";
import { ArgumentError, checkFlag, checkNumber, checkWord } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { scalar, type CheckedParams, type TransformParams } from "./params.js";
import type { ImageLike, TransformOptions } from "./options.js";
import { Transform } from "./transform.js";

/** Options of {@link Rotate}. */
export interface RotateOptions extends TransformOptions {
  /** Angles lie below this one, in degrees. Default: 360. */
  limits?: number;
  /** Angles are multiples of this one, in degrees. Default: 1. */
  multiples?: number;
  /** Only angles of 0 and above. Default: false. */
  positive?: boolean;
  /** How values between pixels are found, at angles that are no multiples of 90. Default: "nearest". */
  interpolationMode?: Interpolation;
}

/**
 * Rotations about the centre of the image, counter-clockwise for positive angles; what comes from outside is 0.
 *
 * Angles are drawn from the multiples of `multiples` between `-limits` and `limits` (both excluded), each rotation at
 * most once among the `nTrans`: `{ multiples: 90, nTrans: 4 }` is the whole group. Multiples of 90 degrees move pixels
 * without interpolation; where height and width differ by an odd number, by half a pixel more or less, such that the
 * inverse restores what has not left the image. The result has the size of the input, or with `constantShape: false`
 * that of the whole rotated image. Parameter: `theta`, in degrees.
 */
export class Rotate extends Transform {
  override readonly paramNames = ["theta"] as const;
  readonly limits: number;
  readonly multiples: number;
  readonly positive: boolean;
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
      INTERPOLATIONS,
    );
  }

  /** The angles that are drawn from: each rotation once, although several angles may describe it. */
  angles(): number[] {
    const count = Math.ceil(this.limits / this.multiples);
    const up = Array.from({ length: count }, (_, i) => i * this.multiples);
    const seen = new Set<number>();
    return [...up, ...(this.positive ? [] : up.map((theta) => -theta))].filter((theta) => {
      const turn = modulo(theta, 360);
      return seen.has(turn) ? false : seen.add(turn);
    });
  }

  protected override draw(_x: ImageLike, rng: RandomSource): TransformParams {
    const angles = this.angles();
    if (this.nTrans > angles.length) {
      throw new ArgumentError(
        `Rotate: nTrans is ${this.nTrans}, but limits ${this.limits} and multiples ${this.multiples} leave only ${angles.length} different rotations.`,
        "invalid_argument",
      );
    }
    return {
      theta: Array.from(
        permutationValues(rng, angles.length).slice(0, this.nTrans),
        (place) => angles[place] as number,
      ),
    };
  }

  protected override apply(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    const theta = (inverse ? -1 : 1) * scalar(params, "theta", 0);
    const turn = modulo(theta, 360);
    if (turn % 90 === 0) return this.#quarterTurns(x, turn / 90);
    const size = x.shape.slice(-2) as [number, number];
    const turned = this.constantShape ? size : turnedSize(size, theta);
    const [cos, sin] = [Math.cos((theta * Math.PI) / 180), Math.sin((theta * Math.PI) / 180)];
    // About the centres of both images.
    const [v, u] = turned.map((n) => (n - 1) / 2) as [number, number];
    const [row, column] = [(size[0] - 1) / 2 - sin * u - cos * v, (size[1] - 1) / 2 - cos * u + sin * v];
    return warp(x, [[cos, -sin, column, sin, cos, row, 0, 0, 1]], { size: turned, mode: this.interpolationMode });
  }

  /** Counter-clockwise quarter turns, cut and padded to the size of x. */
  #quarterTurns(x: Tensor, turns: number): Tensor {
    if (turns === 0) return x;
    const [row, column] = [x.shape.length - 2, x.shape.length - 1];
    if (turns === 2) return x.flip([row, column]);
    const turned = turns === 1 ? x.transpose(row, column).flip(row) : x.transpose(row, column).flip(column);
    const [height = 1, width = 1] = x.shape.slice(-2);
    if (!this.constantShape || height === width) return turned;
    // An odd difference is shared unevenly; the two directions round to opposite sides, so that each undoes the other.
    const half = (width - height) / 2;
    const rows = turns === 1 ? Math.floor(half) : Math.ceil(half);
    return moved(moved(turned, row, rows, height), column, Math.floor(-half), width);
  }
}

/** Entries `from` to `from + size` of an axis, zeros where there are none. */
function moved(x: Tensor, dim: number, from: number, size: number): Tensor {
  const length = x.shape[dim] as number;
  const starts = x.shape.map((_, d) => (d === dim ? Math.max(from, 0) : 0));
  const ends = x.shape.map((n, d) => (d === dim ? Math.min(from + size, length) : n));
  const before = Math.max(-from, 0);
  const after = Math.max(from + size - length, 0);
  const cut = x.slice(starts, ends);
  return before + after === 0 ? cut : cut.pad(x.shape.flatMap((_, d) => (d === dim ? [before, after] : [0, 0])));
}

function modulo(a: number, n: number): number {
  return ((a % n) + n) % n;
}

/** Height and width of the box around an image rotated by theta degrees. */
function turnedSize([height, width]: readonly [number, number], theta: number): [number, number] {
  const [cos, sin] = [Math.cos((theta * Math.PI) / 180), Math.sin((theta * Math.PI) / 180)];
  const span = (half: number, centre: number): number => {
    // To 1e-4 of a pixel, as PIL and torchvision do.
    const trim = (v: number) => Math.trunc(v / 1e-4) * 1e-4;
    return Math.ceil(trim(half + centre)) - Math.floor(trim(centre - half));
  };
  const halfWidth = (Math.abs(cos) * width + Math.abs(sin) * height) / 2;
  const halfHeight = (Math.abs(sin) * width + Math.abs(cos) * height) / 2;
  return [span(halfHeight, height / 2), span(halfWidth, width / 2)];
}
