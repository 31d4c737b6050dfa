import { permutationValues, type RandomSource } from "../random/index.js";
import { ArgumentError, shown } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { CheckedParams, TransformParams } from "./params.js";
import type { ImageLike, TransformOptions } from "./options.js";
import { Transform } from "./transform.js";

/** Options of {@link Reflect}. */
export interface ReflectOptions extends TransformOptions {
  /** Axes to choose from. Default: [-2, -1], height and width. */
  dim?: number | readonly number[];
}

/**
 * Reflections along a random subset of axes: an exact group, of which each element is its own inverse.
 *
 * The `2^k` subsets of k axes are drawn without repetition among the `nTrans`: `{ dim: [-2, -1], nTrans: 4 }` is the
 * whole group. Parameter: `dims`, for each transform the list of its axes in images `[B, C, H, W]`, empty for none; a
 * video is an image of C T channels.
 */
export class Reflect extends Transform {
  override readonly paramNames = ["dims"] as const;
  /** Axes to choose from. */
  readonly dim: readonly number[];

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: ReflectOptions = {}) {
    super("Reflect", options, ["dim"]);
    const { dim = [-2, -1] } = options;
    this.dim = checkAxes(typeof dim === "number" ? [dim] : dim);
  }

  protected override draw(_x: ImageLike, rng: RandomSource): TransformParams {
    const subsets = subsetsOf(this.dim);
    if (this.nTrans > subsets.length) {
      throw new ArgumentError(
        `Reflect: nTrans is ${this.nTrans}, but ${this.dim.length} axes have only ${subsets.length} different ` +
          "reflections; lower nTrans.",
        "invalid_argument",
      );
    }
    return {
      dims: Array.from(permutationValues(rng, subsets.length).slice(0, this.nTrans), (i) => subsets[i] as number[]),
    };
  }

  protected override apply(x: Tensor, params: CheckedParams): Tensor {
    const dims = checkAxes([params.dims?.[0] ?? []].flat());
    return dims.length === 0 ? x : x.flip(dims);
  }
}

/** Refuses other values than different axes of an image. */
function checkAxes(axes: readonly number[]): readonly number[] {
  const indices = Array.isArray(axes)
    ? axes.map((axis: unknown) => (typeof axis === "number" && Number.isInteger(axis) && axis < 0 ? axis + 4 : axis))
    : [];
  // Axis 0 is the batch.
  const fits =
    Array.isArray(axes) &&
    indices.every((index) => [1, 2, 3].includes(index as number)) &&
    new Set(indices).size === indices.length;
  if (!fits)
    throw new ArgumentError(
      `Reflect: dim is ${shown(axes)}, expected different axes among -1 (width), -2 (height) and ` + "-3 (channels).",
      "invalid_argument",
    );
  return axes;
}

/** All subsets, in order of size. */
function subsetsOf(axes: readonly number[]): number[][] {
  const all = axes.reduce<number[][]>(
    (subsets, axis) => [...subsets, ...subsets.map((subset) => [...subset, axis])],
    [[]],
  );
  return all.sort((a, b) => a.length - b.length);
}
