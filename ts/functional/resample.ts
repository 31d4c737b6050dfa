import { ArgumentError, checkFlag, checkNumber, checkWord, LARGEST, shown } from "../runtime/index.js";
import {
  cat,
  checkTensor,
  handleOf,
  interpolations,
  operators,
  outsides,
  tensor,
  Tensor,
  tidy,
} from "../tensor/index.js";
import type { Interpolation, Outside } from "../tensor/index.js";
import { checkArguments, pair } from "./options.js";
import type { Size2 } from "./options.js";

/** Options of {@link interpolate}: exactly one of `size` and `scaleFactor`. */
export interface InterpolateArguments {
  /** Size of the output. */
  size?: Size2;
  /** Size of the output over that of the input; the size is rounded down. */
  scaleFactor?: number | readonly [number, number];
  /** How values between pixels are found. Default: `"nearest"`. */
  mode?: Interpolation;
  /** Whether the corner pixels (instead of the image borders) coincide. Default: false. */
  alignCorners?: boolean;
}

/**
 * Resizes images, `[B, C, H, W]` to `[B, C, h, w]`: by a factor f, which is h / H where a size is given, pixel i of the
 * result lies at `(i + 1/2) / f - 1/2`, of nearest pixels at `floor(i / f)`; with `alignCorners` at `i (H - 1) / (h -
 * 1)`. Where a factor times a side is not whole, no side of the result may be above 16384.
 *
 * @throws ArgumentError `invalid_argument` unless exactly one of `size` and `scaleFactor` is given, `unknown_option`;
 * ShapeError `shape_mismatch`.
 */
export function interpolate(x: Tensor, options: InterpolateArguments): Tensor {
  const { mode, alignCorners, sizeOf, factors } = interpolation("interpolate", options);
  checkTensor("interpolate", "x", x);
  const size = sizeOf(x);
  const isWhole = (factor: number, i: number): boolean => size[i] === factor * (x.shape[i + 2] ?? 0);
  if (factors && !alignCorners && x.rank === 4 && !factors.every(isWhole)) return zoomed(x, size, factors, mode);
  return new Tensor(operators.interpolate(handleOf(x), size, mode, alignCorners));
}

/** Options of {@link interpolate}, checked: the size of the output by the sides of the input. */
export function interpolation(caller: string, options: InterpolateArguments) {
  checkArguments(caller, options, ["size", "scaleFactor", "mode", "alignCorners"]);
  const { size, scaleFactor } = options;
  const mode = checkWord(caller, "mode", options.mode ?? "nearest", interpolations);
  const alignCorners = checkFlag(caller, "alignCorners", options.alignCorners, false);
  if ((size === undefined) === (scaleFactor === undefined))
    throw new ArgumentError(`${caller}: give either size or scaleFactor.`, "invalid_argument");
  if (size !== undefined) {
    const sides = pair(caller, "size", size, 1);
    return { mode, alignCorners, sizeOf: () => sides, factors: undefined };
  }
  const factors = Array.isArray(scaleFactor) ? (scaleFactor as readonly unknown[]) : [scaleFactor, scaleFactor];
  const [fh, fw] = factors;
  if (factors.length !== 2 || !isPositive(fh) || !isPositive(fw))
    throw new ArgumentError(
      `${caller}: scaleFactor is ${shown(scaleFactor)}, expected one number above 0 or two.`,
      "invalid_argument",
    );
  const scaled = (side: number | undefined, factor: number): number => Math.max(1, Math.floor((side ?? 1) * factor));
  const sizeOf = ({ shape }: Tensor): [number, number] => [scaled(shape[2], fh), scaled(shape[3], fw)];
  return { mode, alignCorners, sizeOf, factors: [fh, fw] as const };
}

/** Images by factors that the rounded size does not have. */
function zoomed(x: Tensor, size: readonly [number, number], factors: readonly [number, number], mode: Interpolation) {
  /** The positions of rows or columns, from -1 at one border of the image to 1 at the other. */
  const positions = (i: 0 | 1): Tensor => {
    const [side, factor] = [x.shape[i + 2] as number, factors[i]];
    const count = checkNumber("interpolate", "a side of the result", size[i], { max: LARGEST.imageSide });
    const values = Float64Array.from({ length: count }, (_, k) => {
      const at = mode === "nearest" ? Math.min(Math.floor(k / factor), side - 1) : (k + 0.5) / factor - 0.5;
      return (2 * at + 1) / side - 1;
    });
    return tensor(values, { dtype: x.dtype, device: x.device });
  };
  return tidy(() => {
    const shape = [x.shape[0] as number, ...size, 1];
    const rows = positions(0).reshape([1, -1, 1, 1]).expand(shape);
    const columns = positions(1).reshape([1, 1, -1, 1]).expand(shape);
    return gridSample(x, cat([columns, rows], 3), { mode, paddingMode: "border" });
  });
}

const isPositive = (v: unknown): v is number => typeof v === "number" && Number.isFinite(v) && v > 0;

/** Options of {@link gridSample}. */
export interface GridSampleArguments {
  /** How values between pixels are found. Default: `"bilinear"`. */
  mode?: Interpolation;
  /** What lies outside the image. Default: `"zeros"`. */
  paddingMode?: Outside;
  /** Whether -1 and 1 are the centres of the corner pixels. Default: false. */
  alignCorners?: boolean;
}

/**
 * Samples images `[B, C, H, W]` at the points `(x, y)` in [-1, 1] of `grid` `[B, h, w, 2]`; the result is
 * `[B, C, h, w]`.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function gridSample(x: Tensor, grid: Tensor, options: GridSampleArguments = {}): Tensor {
  checkArguments("gridSample", options, ["mode", "paddingMode", "alignCorners"]);
  const mode = checkWord("gridSample", "mode", options.mode ?? "bilinear", interpolations);
  const outside = checkWord("gridSample", "paddingMode", options.paddingMode ?? "zeros", outsides);
  const alignCorners = checkFlag("gridSample", "alignCorners", options.alignCorners, false);
  return new Tensor(operators.gridSample(handleOf(x), handleOf(grid), mode, outside, alignCorners));
}

/** Channels become pixels: `[B, C r^2, H, W]` to `[B, C, r H, r W]` with `r = factor`. */
export function pixelShuffle(x: Tensor, factor: number): Tensor {
  return new Tensor(operators.pixelShuffle(handleOf(x), factor));
}

/** The inverse of {@link pixelShuffle}: `[B, C, r H, r W]` to `[B, C r^2, H, W]` with `r = factor`. */
export function pixelUnshuffle(x: Tensor, factor: number): Tensor {
  return new Tensor(operators.pixelUnshuffle(handleOf(x), factor));
}
