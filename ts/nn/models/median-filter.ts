import { checkTensor, freeOnError } from "../../tensor/index.js";
import { ArgumentError, checkNumber, checkOptions, checkSize, LARGEST, ShapeError } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { Module } from "../module.js";
import type { Condition, ReconstructOptions } from "../types.js";

/** Options of {@link MedianFilter}. */
export interface MedianFilterOptions {
  /** Side of the window, or its height and width. Default: 9. */
  kernelSize?: number | readonly [number, number];
  /** Pixels mirrored at each border, or [left, right, top, bottom], where `same` is false. Default: 0. */
  padding?: number | readonly [number, number, number, number];
  /** Whether the image keeps its size, by mirroring. Default: true. */
  same?: boolean;
}

/** Moves the smaller of two values to the first position and the larger to the second. */
type Comparator = readonly [low: number, high: number];

/**
 * Batcher's merge exchange: comparators that sort `n` values. Knuth, "The art of computer programming", volume 3,
 * algorithm 5.2.2M.
 */
function sortingNetwork(n: number): Comparator[] {
  const network: Comparator[] = [];
  const top = 2 ** Math.max(0, Math.ceil(Math.log2(n)) - 1);
  for (let p = top; p > 0 && n > 1; p = Math.floor(p / 2)) {
    for (let q = top, r = 0, d = p; ; d = q - p, q = Math.floor(q / 2), r = p) {
      for (let i = 0; i < n - d; i++) if ((i & p) === r) network.push([i, i + d]);
      if (q === p) break;
    }
  }
  return network;
}

/** The comparators of a network that one position of its output depends on. */
function towards(position: number, network: readonly Comparator[]): Comparator[] {
  const needed = new Set([position]);
  const kept = [...network].reverse().filter(([low, high]) => {
    if (!needed.has(low) && !needed.has(high)) return false;
    needed.add(low).add(high);
    return true;
  });
  return kept.reverse();
}

/**
 * Median filter: each pixel becomes the median of the window around it, of an even number of values the smaller middle
 * one. `[B, C, H, W]` to the same, or with `same: false` to
 * `[B, C, H + top + bottom - h + 1, W + left + right - w + 1]`.
 *
 * It has no weights. The gradient goes to the pixel that is the median; equal pixels share it.
 */
export class MedianFilter extends Module {
  /** Height and width of the window. */
  readonly kernelSize: readonly [number, number];
  /** Whether the image keeps its size. */
  readonly same: boolean;
  readonly #border: readonly [number, number, number, number];
  readonly #network: readonly Comparator[];

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: MedianFilterOptions = {}) {
    super();
    const name = "MedianFilter";
    checkOptions(name, options, ["kernelSize", "padding", "same"]);
    const { kernelSize = 9, padding = 0, same = true } = options;
    const list = <T>(value: unknown, length: number): T =>
      (Array.isArray(value) ? value : Array.from({ length }, () => value)) as T;
    this.kernelSize = list<[number, number]>(kernelSize, 2);
    const border = list<[number, number, number, number]>(padding, 4);
    if (this.kernelSize.length !== 2 || border.length !== 4 || typeof same !== "boolean") {
      throw new ArgumentError(
        `${name}: kernelSize must be one or two numbers, padding one or four ([left, right, top, bottom]), ` +
          "same true or false.",
        "invalid_argument",
      );
    }
    for (const side of this.kernelSize) checkNumber(name, "kernelSize", side, { positive: true, integer: true });
    checkSize(name, "a window", this.kernelSize[0] * this.kernelSize[1], LARGEST.window, "kernelSize");
    for (const width of border) checkNumber(name, "padding", width, { min: 0, integer: true });
    this.same = same;
    const [h, w] = this.kernelSize;
    const before = (side: number): [number, number] => [Math.floor((side - 1) / 2), Math.ceil((side - 1) / 2)];
    this.#border = same ? [...before(w), ...before(h)] : border;
    this.#network = towards(Math.floor((h * w - 1) / 2), sortingNetwork(h * w));
  }

  /**
   * The filtered image; noise level or physics, if given, are ignored.
   *
   * @throws ShapeError `shape_mismatch` where the image is too small to be mirrored.
   */
  forward(y: Tensor, _condition?: Condition, _options?: ReconstructOptions): Tensor {
    checkTensor("MedianFilter", "y", y);
    return freeOnError(() => {
      const [b, c, height, width] = y.shape;
      if (y.shape.length !== 4 || b === undefined || c === undefined || height === undefined || width === undefined) {
        throw new ShapeError(
          `MedianFilter: y has shape [${y.shape.join(", ")}], expected [batch, channels, height, width].`,
          "shape_mismatch",
        );
      }
      const [h, w] = this.kernelSize;
      const [left, right, top, bottom] = this.#border;
      const size = [height + top + bottom - h + 1, width + left + right - w + 1] as const;
      if (Math.max(left, right) >= width || Math.max(top, bottom) >= height || Math.min(...size) < 1) {
        throw new ShapeError(
          `MedianFilter: an image of ${height} x ${width} pixels is too small for a window of ${h} x ${w} ` +
            `with a mirrored border of [${this.#border.join(", ")}]; use a smaller kernelSize.`,
          "shape_mismatch",
        );
      }
      const widths = [0, 0, 0, 0, top, bottom, left, right];
      const padded = widths.some((n) => n > 0) ? y.pad(widths, { mode: "reflect" }) : y;
      const values = Array.from({ length: h * w }, (_, k) => {
        const [i, j] = [Math.floor(k / w), k % w];
        return padded.slice([0, 0, i, j], [b, c, i + size[0], j + size[1]]);
      });
      for (const [low, high] of this.#network) {
        const [p, q] = [values[low] as Tensor, values[high] as Tensor];
        values[low] = p.minimum(q);
        values[high] = p.maximum(q);
      }
      return values[Math.floor((h * w - 1) / 2)] as Tensor;
    });
  }
}
