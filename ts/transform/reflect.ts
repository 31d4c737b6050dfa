import { permutationValues, type RandomSource } from "../random/index.js";
import { ArgumentError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { CheckedParams, TransformParams } from "./params.js";
import type { ImageLike, TransformOptions } from "./options.js";
import { Transform } from "./transform.js";

/** Options of {@link Reflect}. */
export interface ReflectOptions extends TransformOptions {
  /** Axes that may be reflected. Default: `[-2, -1]`, height and width. */
  dim?: number | readonly number[];
}

/**
 * Reflections in a random choice of axes: an exact group, each element its own inverse.
 *
 * The `2^k` subsets of the k axes are drawn each at most once among the `nTrans`: `{ dim: [-2, -1], nTrans: 4 }` is the
 * whole group. Parameter: `dims`, for each transform the list of its axes (empty for none), counted in images `[B, C,
 * H, W]`, videos being images of C T channels.
 */
export class Reflect extends Transform {
  override readonly paramNames = ["dims"] as const;
  /** Axes that may be reflected. */
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
        `Reflect: nTrans is ${this.nTrans}, but ${this.dim.length} axes have only ${subsets.length} different reflections.`,
        "invalid_argument",
      );
    }
    return {
      dims: Array.from(
        permutationValues(rng, subsets.length).slice(0, this.nTrans),
        (place) => subsets[place] as number[],
      ),
    };
  }

  protected override apply(x: Tensor, params: CheckedParams): Tensor {
    const dims = checkAxes([params.dims?.[0] ?? []].flat());
    return dims.length === 0 ? x : x.flip(dims);
  }
}

function checkAxes(axes: readonly number[]): readonly number[] {
  const places = Array.isArray(axes)
    ? axes.map((axis: unknown) => (typeof axis === "number" && Number.isInteger(axis) && axis < 0 ? axis + 4 : axis))
    : [];
  // The first axis is the batch, which is no axis of an image.
  const fits =
    Array.isArray(axes) &&
    places.every((place) => [1, 2, 3].includes(place as number)) &&
    new Set(places).size === places.length;
  if (!fits)
    throw new ArgumentError(
      `Reflect: dim is ${JSON.stringify(axes)}, expected different axes among -1 (width), -2 (height) and -3 (channels).`,
      "invalid_argument",
    );
  return axes;
}

/** All subsets, the smaller ones first. */
function subsetsOf(axes: readonly number[]): number[][] {
  const all = axes.reduce<number[][]>(
    (subsets, axis) => [...subsets, ...subsets.map((subset) => [...subset, axis])],
    [[]],
  );
  return all.sort((a, b) => a.length - b.length);
}
