import { checkTensor, freeOnError } from "../tensor/index.js";
import { resolveRng, type RandomSource } from "../random/index.js";
import {
  ArgumentError,
  checkFlag,
  checkNumber,
  checkOptions,
  LARGEST,
  ShapeError,
  checkText,
  checkList,
  checkOptionsObject,
  checkFunction,
} from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { Chain, Choice, concatenated, Stack, type Combination } from "./combination.js";
import type { ForwardOptions, ImageLike, InverseOptions, SymmetrizeOptions, TransformOptions } from "./options.js";
import { checkLengths, checkParams, type CheckedParams, type TransformParams } from "./params.js";

const TRANSFORM_OPTIONS = ["nTrans", "rng", "constantShape", "flattenVideoInput"] as const;

/** More names are no list of options. */
const MAX_KEYS = 100;

/**
 * A random transform `T_g` of images `[B, C, H, W]` or videos `[B, C, T, H, W]`, with parameters g from `getParams`.
 *
 * `nTrans` transforms of B images give `[nTrans B, ...]`: all images under the first transform, then all under the
 * second. The result is differentiable in the images. Transforms combine: `a.compose(b)` is a, then b; `a.or(b)` is one
 * of them at random; `a.add(b)` concatenates the results of both.
 *
 * A subclass lists its parameters in `paramNames`, draws them in `draw`, and transforms images by one set of them in
 * `apply`: see custom.md#a-transform.
 */
export abstract class Transform {
  /** Names of the parameters. */
  abstract readonly paramNames: readonly string[];
  /** Number of transformed versions of each image. */
  readonly nTrans: number;
  /** Random source, unless a call has its own. */
  readonly rng: RandomSource | undefined;
  /** Whether the transformed images have the size of the input. */
  readonly constantShape: boolean;
  /** Whether all frames of a video are transformed alike. */
  readonly flattenVideoInput: boolean;

  /**
   * `className` is the name of the subclass for messages; `keys` are the names of the options that it adds.
   *
   * @throws ArgumentError `unknown_option`, `invalid_argument`.
   */
  protected constructor(className: string, options: TransformOptions = {}, keys: readonly string[] = []) {
    checkText("Transform", "className", className);
    for (const key of checkList(className, "keys", keys, MAX_KEYS)) checkText(className, "keys", key);
    checkOptions(className, options, [...keys, ...TRANSFORM_OPTIONS]);
    this.nTrans = checkNumber(className, "nTrans", options.nTrans ?? 1, {
      integer: true,
      min: 1,
      max: LARGEST.transforms,
    });
    this.rng = options.rng;
    this.constantShape = checkFlag(className, "constantShape", options.constantShape, true);
    this.flattenVideoInput = checkFlag(className, "flattenVideoInput", options.flattenVideoInput, true);
  }

  /** The class name, for messages. */
  protected get className(): string {
    return this.constructor.name;
  }

  /** Names of the parameters of which at least one must be given: all, unless a combination draws none. */
  get neededNames(): readonly string[] {
    return this.paramNames;
  }

  /** Draws parameters of `nTrans` transforms of images shaped like x. */
  protected abstract draw(x: ImageLike, rng: RandomSource): TransformParams;

  /**
   * The images under the transform with one set of parameters, or with `inverse` under its inverse. Videos are
   * `[B, C T, H, W]`, unless `flattenVideoInput` is false.
   */
  protected abstract apply(x: Tensor, params: CheckedParams, inverse: boolean): Tensor;

  /**
   * Parameters of `nTrans` random transforms of x. The same parameters give the same transforms.
   *
   * @throws ShapeError `shape_mismatch` for other tensors than images or videos; ArgumentError `invalid_argument` where
   * there are fewer than `nTrans` different transforms.
   */
  getParams(x: ImageLike, options: { rng?: RandomSource | undefined } = {}): TransformParams {
    this.#checkImages("getParams", x);
    checkOptions(`${this.className}.getParams`, options, ["rng"]);
    return this.draw(x, resolveRng(options.rng, this.rng));
  }

  /**
   * The images under the n transforms with these parameters, `[n B, ...]`.
   *
   * @throws ShapeError `shape_mismatch`; ArgumentError `missing_argument`, `unknown_option`, `invalid_argument` for
   * parameters that do not fit.
   */
  transform(x: Tensor, params: TransformParams): Tensor {
    checkTensor(`${this.className}.transform`, "x", x);
    return freeOnError(() => this.map(this.#checkImages("transform", x), this.#check("transform", params), false));
  }

  /**
   * The images under random transforms, or under those with the given parameters, as in `forward(x, { theta: [90] })`.
   *
   * @throws ShapeError `shape_mismatch`; ArgumentError `unknown_option`, `invalid_argument`.
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    return freeOnError(() => {
      checkOptionsObject(`${this.className}.forward`, options);
      const { rng, ...params } = options;
      const given = Object.values(params).some((value) => value !== undefined);
      return this.transform(x, given ? (params as TransformParams) : this.getParams(x, { rng }));
    });
  }

  /**
   * The images under the inverses of the transforms with these parameters; without parameters, of random transforms.
   *
   * With `batchwise: false`, x is the output of `transform`, and each image is transformed back by its own transform:
   * `inverse(transform(x, p), p, { batchwise: false })` is x, repeated `nTrans` times, for exactly invertible
   * transforms.
   *
   * @throws ShapeError `shape_mismatch`; ArgumentError `unknown_option`, `invalid_argument`.
   */
  inverse(x: Tensor, params?: TransformParams, options: InverseOptions = {}): Tensor {
    return freeOnError(() => {
      const caller = `${this.className}.inverse`;
      checkOptions(caller, options, ["batchwise", "rng"]);
      checkTensor(caller, "x", x);
      this.#checkImages("inverse", x);
      const checked = this.#check("inverse", params ?? this.getParams(x, { rng: options.rng }));
      if (checkFlag(caller, "batchwise", options.batchwise, true)) return this.map(x, checked, true);
      const sets = this.sets(checked);
      const [images = 0, ...rest] = x.shape;
      if (images % sets.length !== 0) {
        throw new ShapeError(
          `${caller}: ${images} images are not the output of ${sets.length} transforms; ` +
            "with batchwise: false, pass the output of transform.",
          "shape_mismatch",
        );
      }
      const size = images / sets.length;
      return concatenated(
        sets.map((set, i) => this.map(x.slice([i * size, ...rest.map(() => 0)], [(i + 1) * size, ...rest]), set, true)),
      );
    });
  }

  /** The parameters of each single transform, in the order of the results of `transform`. */
  iterateParams(params: TransformParams): TransformParams[] {
    return this.sets(this.#check("iterateParams", params));
  }

  /**
   * The function `x -> T_g^-1 f(T_g x)` for `nTrans` random g, or its average over them.
   *
   * The average over a whole group (Reynolds averaging) is equivariant: it commutes with each transform of the group.
   * `new Rotate({ multiples: 90, positive: true, nTrans: 4 })` is such a group. Further arguments are passed on to f.
   */
  symmetrize<A extends unknown[]>(
    f: (x: Tensor, ...rest: A) => Tensor,
    options: SymmetrizeOptions = {},
  ): (x: Tensor, ...rest: A) => Tensor {
    checkFunction(`${this.className}.symmetrize`, "f", f);
    checkOptions(`${this.className}.symmetrize`, options, ["average", "collateBatch", "rng"]);
    const { average = false, collateBatch = true, rng } = options;
    const averaged = (x: Tensor, rest: A): Tensor => {
      const params = this.getParams(x, { rng });
      const sets = this.iterateParams(params);
      // Images of different sizes do not fit in one batch.
      const results =
        collateBatch && this.constantShape
          ? this.inverse(f(this.transform(x, params), ...rest), params, { batchwise: false })
          : concatenated(sets.map((set) => this.inverse(f(this.transform(x, set), ...rest), set)));
      if (!average) return results;
      const [images = 0, ...size] = results.shape;
      return results.reshape([sets.length, images / sets.length, ...size]).mean(0);
    };
    return (x, ...rest) => freeOnError(() => averaged(x, rest));
  }

  /** `T_g^-1 T_g x`, which is x up to interpolation and borders. */
  identity(x: Tensor, options: { average?: boolean; rng?: RandomSource } = {}): Tensor {
    return freeOnError(() => this.symmetrize((images) => images, options)(x));
  }

  /**
   * This transform, then another; `nTrans` is the product of theirs.
   *
   * @throws ArgumentError `invalid_argument` for other values than a transform.
   */
  compose(other: Transform): Transform {
    return combine("compose", Chain, this, other);
  }

  /**
   * This transform or another, at random with equal probability; `a.or(b).or(c)` is one of three.
   *
   * @throws ArgumentError `invalid_argument` for other values than a transform, or another `nTrans`.
   */
  or(other: Transform): Transform {
    return combine("or", Choice, this, other);
  }

  /**
   * The results of this transform and of another, concatenated along the batch; `nTrans` is the sum of theirs.
   *
   * @throws ArgumentError `invalid_argument` for other values than a transform.
   */
  add(other: Transform): Transform {
    return combine("add", Stack, this, other);
  }

  /**
   * The checked parameters of each single transform. `images` is the number of images, where it is known, for
   * transforms with parameters for each image.
   */
  protected sets(params: CheckedParams, _images?: number): CheckedParams[] {
    const count = checkLengths(this.className, params);
    return Array.from({ length: count }, (_, i) =>
      Object.fromEntries(
        Object.entries(params).map(([name, entries]) => [name, [entries[i] as number | readonly number[]]]),
      ),
    );
  }

  /** The images under each single transform, or with `inverse` under its inverse. */
  protected map(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    const [b = 1, c = 1, t = 1, h = 1, w = 1] = x.shape;
    const video = x.shape.length === 5;
    const images = video && this.flattenVideoInput ? x.reshape([b, c * t, h, w]) : x;
    const out = concatenated(
      this.sets(params, b).map((set) =>
        checkTensor(this.className, "what apply returns", this.apply(images, set, inverse)),
      ),
    );
    return video && this.flattenVideoInput ? out.reshape([out.shape[0] as number, c, t, ...out.shape.slice(-2)]) : out;
  }

  #check(method: string, params: TransformParams): CheckedParams {
    const names = checkList(this.className, "paramNames", this.paramNames);
    return checkParams(`${this.className}.${method}`, params, names, this.neededNames);
  }

  #checkImages<T extends ImageLike>(method: string, x: T): T {
    const shape: unknown = (x as Partial<Tensor> | undefined)?.shape;
    if (!Array.isArray(shape))
      throw new ArgumentError(
        `${this.className}.${method}: x must be a Tensor of images [B, C, H, W] or videos [B, C, T, H, W].`,
        "invalid_argument",
      );
    if (shape.length !== 4 && shape.length !== 5) {
      throw new ShapeError(
        `${this.className}.${method}: x has shape [${shape.join(", ")}], expected images [B, C, H, W] or ` +
          "videos [B, C, T, H, W].",
        "shape_mismatch",
      );
    }
    return x;
  }
}

/** Several transforms as one. */
class CombinedTransform extends Transform {
  override readonly paramNames: readonly string[];

  constructor(
    readonly combination: Combination,
    readonly list: readonly Transform[],
  ) {
    super(combination.name, {
      nTrans: combination.nTrans,
      constantShape: list.every((part) => part.constantShape),
    });
    this.paramNames = combination.paramNames;
  }

  protected override get className(): string {
    return this.combination.name;
  }

  override get neededNames(): readonly string[] {
    return this.combination.neededNames;
  }

  protected override draw(x: ImageLike, rng: RandomSource): TransformParams {
    return this.combination.draw(x, rng);
  }

  protected override sets(params: CheckedParams): CheckedParams[] {
    return this.combination
      .single(params)
      .map((set) => checkParams(this.className, set, this.paramNames, this.neededNames));
  }

  protected override map(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    return this.combination.map(x, params, inverse);
  }

  protected override apply(x: Tensor): Tensor {
    return x;
  }

  override inverse(x: Tensor, params?: TransformParams, options: InverseOptions = {}): Tensor {
    // The inverse of a stack transforms the results of each transform back by that transform.
    const ownImages = this.combination instanceof Stack && params?.part === undefined;
    return super.inverse(x, params, ownImages ? { ...options, batchwise: false } : options);
  }
}

/** Two transforms as one; combinations of the same kind are flattened. */
function combine(
  method: string,
  Kind: new (parts: readonly Transform[]) => Combination,
  ...sides: Transform[]
): Transform {
  const parts = sides.flatMap((side) => {
    if (!(side instanceof Transform))
      throw new ArgumentError(
        `Transform.${method}: expected another transform, such as new Shift().`,
        "invalid_argument",
      );
    return side instanceof CombinedTransform && side.combination instanceof Kind ? [...side.list] : [side];
  });
  return new CombinedTransform(new Kind(parts), parts);
}
