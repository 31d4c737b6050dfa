import { indexValue, resolveRng, type RandomSource } from "../random/index.js";
import { ArgumentError, checkFlag, checkNumber, checkOptions, ShapeError } from "../runtime/index.js";
import { cat, Tensor } from "../tensor/index.js";
import {
  checkLengths,
  checkParams,
  scalar,
  type CheckedParams,
  type ParamEntry,
  type TransformParams,
} from "./params.js";

/** Options that every transform takes. */
export interface TransformOptions {
  /** Transformed versions made of each image; default 1. */
  nTrans?: number;
  /** Where draws come from, unless a call brings its own. */
  rng?: RandomSource;
  /**
   * Whether the transformed images have the size of the input, cut or padded where need be; default true. Matters to
   * `Rotate`.
   */
  constantShape?: boolean;
  /** Whether all frames of a video `[B, C, T, H, W]` are transformed alike, as channels of one image; default true. */
  flattenVideoInput?: boolean;
}

const TRANSFORM_OPTIONS = ["nTrans", "rng", "constantShape", "flattenVideoInput"] as const;

/** What parameters are drawn for: images or videos. Only their shape counts. */
export type ImageLike = Pick<Tensor, "shape">;

/** Options of one random transformation: a random source, or parameters that are taken instead of drawn ones. */
export interface ForwardOptions {
  /** Wins over the one given to the constructor. */
  rng?: RandomSource | undefined;
  /** A parameter, such as `theta`. */
  [parameter: string]: readonly ParamEntry[] | Tensor | RandomSource | undefined;
}

/** Options of {@link Transform.inverse}. */
export interface InverseOptions {
  /**
   * Whether each image is transformed back by each of the `nTrans` transforms (default true), or, the images being the
   * output of `transform`, each by the one that made it.
   */
  batchwise?: boolean;
  /** For the parameters, where none are given. */
  rng?: RandomSource | undefined;
}

/** Options of {@link Transform.symmetrize}. */
export interface SymmetrizeOptions {
  /**
   * Averages over the transforms, so that as many images come out as went in; default false: they come out one after
   * the other.
   */
  average?: boolean;
  /** Evaluates the function once for all transforms (default true), which takes more memory than once for each. */
  collateBatch?: boolean;
  rng?: RandomSource;
}

/**
 * A random transformation `T_g` of images `[B, C, H, W]` or videos `[B, C, T, H, W]`; g is drawn by `getParams`.
 *
 * `nTrans` transforms of B images give `[nTrans B, ...]`, all images under the first transform, then all under the
 * second. The result is differentiable in the images. Transforms combine: `a.compose(b)` does a, then b; `a.or(b)` one
 * of them; `a.add(b)` both, side by side.
 *
 * A subclass names its parameters in `paramNames`, draws them in `draw`, and transforms images by one set of them in
 * `apply`.
 */
export abstract class Transform {
  /** Names of the parameters. */
  abstract readonly paramNames: readonly string[];
  /** Transformed versions made of each image. */
  readonly nTrans: number;
  /** Where draws come from, unless a call brings its own. */
  readonly rng: RandomSource | undefined;
  /** Whether the transformed images have the size of the input. */
  readonly constantShape: boolean;
  /** Whether all frames of a video are transformed alike. */
  readonly flattenVideoInput: boolean;

  /** `keys` names the options that the subclass adds. @throws ArgumentError `unknown_option`, `invalid_argument`. */
  protected constructor(className: string, options: TransformOptions = {}, keys: readonly string[] = []) {
    checkOptions(className, options, [...keys, ...TRANSFORM_OPTIONS]);
    this.nTrans = checkNumber(className, "nTrans", options.nTrans ?? 1, { integer: true, min: 1 });
    this.rng = options.rng;
    this.constantShape = checkFlag(className, "constantShape", options.constantShape, true);
    this.flattenVideoInput = checkFlag(className, "flattenVideoInput", options.flattenVideoInput, true);
  }

  /** The class name, for messages. */
  protected get className(): string {
    return this.constructor.name;
  }

  /** Draws parameters for `nTrans` transforms of images shaped like x. */
  protected abstract draw(x: ImageLike, rng: RandomSource): TransformParams;

  /**
   * Transforms images by one set of parameters, or undoes it. Videos come as `[B, C T, H, W]`, unless
   * `flattenVideoInput` is false.
   */
  protected abstract apply(x: Tensor, params: CheckedParams, inverse: boolean): Tensor;

  /**
   * Parameters of `nTrans` random transforms of x, to be used as often as the same transforms are needed.
   *
   * @throws ShapeError `shape_mismatch` for anything but images or videos; ArgumentError `invalid_argument` where there
   * are not as many transforms.
   */
  getParams(x: ImageLike, options: { rng?: RandomSource | undefined } = {}): TransformParams {
    this.#checkImages("getParams", x);
    return this.draw(x, resolveRng(options.rng, this.rng));
  }

  /**
   * The images under the transforms with these parameters: `[n B, ...]` for n of them.
   *
   * @throws ShapeError `shape_mismatch`; ArgumentError `missing_argument`, `unknown_option`, `invalid_argument` for
   * parameters that do not fit.
   */
  transform(x: Tensor, params: TransformParams): Tensor {
    return this.map(this.#checkImages("transform", x), this.#check("transform", params), false);
  }

  /**
   * The images under random transforms, or under those whose parameters are among the options: `forward(x, { theta:
   * [90] })`.
   */
  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    const { rng, ...params } = options;
    const given = Object.values(params).some((value) => value !== undefined);
    return this.transform(x, given ? (params as TransformParams) : this.getParams(x, { rng }));
  }

  /**
   * Undoes the transforms with these parameters; without any, those of a random draw.
   *
   * With `batchwise: false`, x is the output of `transform` and each image is transformed back by its own transform:
   * `inverse(transform(x, p), p, { batchwise: false })` is x, `nTrans` times, where the transforms are exactly
   * invertible.
   */
  inverse(x: Tensor, params?: TransformParams, options: InverseOptions = {}): Tensor {
    const caller = `${this.className}.inverse`;
    checkOptions(caller, options, ["batchwise", "rng"]);
    this.#checkImages("inverse", x);
    const checked = this.#check("inverse", params ?? this.getParams(x, { rng: options.rng }));
    if (options.batchwise ?? true) return this.map(x, checked, true);
    const sets = this.sets(checked);
    const [images = 0, ...rest] = x.shape;
    if (images % sets.length !== 0) {
      throw new ShapeError(
        `${caller}: ${images} images are not the result of ${sets.length} transforms; with batchwise: false give what transform returned.`,
        "shape_mismatch",
      );
    }
    const size = images / sets.length;
    return joined(
      sets.map((set, i) => this.map(x.slice([i * size, ...rest.map(() => 0)], [(i + 1) * size, ...rest]), set, true)),
    );
  }

  /** The parameters of each single transform, in the order in which `transform` puts its results. */
  iterateParams(params: TransformParams): TransformParams[] {
    return this.sets(this.#check("iterateParams", params));
  }

  /**
   * The function `x -> T_g^-1 f(T_g x)` for `nTrans` random g, or its average over them.
   *
   * The average over a whole group (Reynolds averaging), such as `new Rotate({ multiples: 90, positive: true, nTrans: 4
   * })`, is equivariant: it commutes with each transform of the group. f may take further arguments; it is handed those
   * of the call.
   */
  symmetrize<A extends unknown[]>(
    f: (x: Tensor, ...rest: A) => Tensor,
    options: SymmetrizeOptions = {},
  ): (x: Tensor, ...rest: A) => Tensor {
    checkOptions(`${this.className}.symmetrize`, options, ["average", "collateBatch", "rng"]);
    const { average = false, collateBatch = true, rng } = options;
    return (x, ...rest) => {
      const params = this.getParams(x, { rng });
      const sets = this.iterateParams(params);
      // Images of different sizes cannot lie in one batch.
      const results =
        collateBatch && this.constantShape
          ? this.inverse(f(this.transform(x, params), ...rest), params, { batchwise: false })
          : joined(sets.map((set) => this.inverse(f(this.transform(x, set), ...rest), set)));
      if (!average) return results;
      const [images = 0, ...size] = results.shape;
      return results.reshape([sets.length, images / sets.length, ...size]).mean(0);
    };
  }

  /** `T_g^-1 T_g x`: x itself but for what interpolation and borders lose. */
  identity(x: Tensor, options: { average?: boolean; rng?: RandomSource } = {}): Tensor {
    return this.symmetrize((images) => images, options)(x);
  }

  /** This transform and then another one; of a and b transforms it makes all a b combinations. */
  compose(other: Transform): Transform {
    return new ChainTransform(partsOf("compose", ChainTransform, this, other));
  }

  /**
   * One of this and another transform, chosen at random in each draw with equal probability (`a.or(b).or(c)`: one of
   * three).
   */
  or(other: Transform): Transform {
    return new EitherTransform(partsOf("or", EitherTransform, this, other));
  }

  /** The results of this and of another transform side by side in the batch. */
  add(other: Transform): Transform {
    return new StackTransform(partsOf("add", StackTransform, this, other));
  }

  /**
   * The checked parameters of each single transform. `images` is the number of images that each is applied to, where it
   * is known; it matters to transforms with parameters for each image.
   */
  protected sets(params: CheckedParams, _images?: number): CheckedParams[] {
    const count = checkLengths(this.className, params);
    return Array.from({ length: count }, (_, i) =>
      Object.fromEntries(
        Object.entries(params).map(([name, entries]) => [name, [entries[i] as number | readonly number[]]]),
      ),
    );
  }

  /** Each set of parameters applied to all images. */
  protected map(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    const [b = 1, c = 1, t = 1, h = 1, w = 1] = x.shape;
    const video = x.shape.length === 5;
    const images = video && this.flattenVideoInput ? x.reshape([b, c * t, h, w]) : x;
    const out = joined(this.sets(params, b).map((set) => this.apply(images, set, inverse)));
    return video && this.flattenVideoInput ? out.reshape([out.shape[0] as number, c, t, ...out.shape.slice(-2)]) : out;
  }

  #check(method: string, params: TransformParams): CheckedParams {
    return checkParams(`${this.className}.${method}`, params, this.paramNames);
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
        `${this.className}.${method}: x has shape [${shape.join(", ")}], expected images [B, C, H, W] or videos [B, C, T, H, W].`,
        "shape_mismatch",
      );
    }
    return x;
  }
}

function joined(parts: readonly Tensor[]): Tensor {
  return parts.length === 1 ? (parts[0] as Tensor) : cat(parts, 0);
}

/** The transforms of both sides, those of the same combination unpacked. */
function partsOf(
  method: string,
  Kind: typeof ChainTransform | typeof EitherTransform | typeof StackTransform,
  ...sides: Transform[]
): Transform[] {
  return sides.flatMap((side) => {
    if (!(side instanceof Transform))
      throw new ArgumentError(
        `Transform.${method}: expected another transform, such as new Shift().`,
        "invalid_argument",
      );
    return side instanceof Kind ? [...side.list] : [side];
  });
}

/**
 * Several transforms as one. Each keeps the names of its parameters; where they collide, the later one's get a number:
 * `theta`, `theta2`.
 */
abstract class Combination extends Transform {
  readonly list: readonly Transform[];
  override readonly paramNames: readonly string[];
  /** For each transform its own names of parameters and those that they have here. */
  readonly #names: readonly (readonly (readonly [own: string, here: string])[])[];

  constructor(className: string, list: readonly Transform[], nTrans: number, reserved: readonly string[] = []) {
    super(className, { nTrans, constantShape: list.every((part) => part.constantShape) });
    const taken = new Set(reserved);
    this.#names = list.map((part) =>
      part.paramNames.map((own) => {
        let here = own;
        for (let i = 2; taken.has(here); i++) here = `${own}${i}`;
        taken.add(here);
        return [own, here] as const;
      }),
    );
    this.list = list;
    this.paramNames = [...taken];
  }

  /** The parameters of one of the transforms, under its own names. */
  protected own(index: number, params: TransformParams): TransformParams {
    return Object.fromEntries((this.#names[index] ?? []).map(([own, here]) => [own, params[here]]));
  }

  /** The same under the names that they have here. */
  protected named(index: number, params: TransformParams): TransformParams {
    return Object.fromEntries((this.#names[index] ?? []).map(([own, here]) => [here, params[own]]));
  }

  protected override sets(params: CheckedParams): CheckedParams[] {
    return this.singles(params).map((set) => checkParams(this.className, set, this.paramNames));
  }

  /** The parameters of each single transform. */
  protected abstract singles(params: CheckedParams): TransformParams[];

  protected override apply(x: Tensor): Tensor {
    return x;
  }
}

/** Transforms one after the other. */
class ChainTransform extends Combination {
  constructor(list: readonly Transform[]) {
    super(
      "ChainTransform",
      list,
      list.reduce((n, part) => n * part.nTrans, 1),
    );
  }

  protected override draw(x: ImageLike, rng: RandomSource): TransformParams {
    const [batch = 1, ...size] = x.shape;
    let images = batch;
    return Object.assign(
      {},
      ...this.list.map((part, i) => {
        const params = part.getParams({ shape: [images, ...size] }, { rng });
        images *= part.nTrans;
        return this.named(i, params);
      }),
    ) as TransformParams;
  }

  protected override singles(params: CheckedParams): TransformParams[] {
    let all: TransformParams[] = [{}];
    this.list.forEach((part, i) => {
      all = part
        .iterateParams(this.own(i, params))
        .flatMap((set) => all.map((before) => ({ ...before, ...this.named(i, set) })));
    });
    return all;
  }

  protected override map(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    if (inverse) return this.list.reduceRight((images, part, i) => part.inverse(images, this.own(i, params)), x);
    return this.list.reduce((images, part, i) => part.transform(images, this.own(i, params)), x);
  }
}

/** One of several transforms; `part` among the parameters says which. */
class EitherTransform extends Combination {
  constructor(list: readonly Transform[]) {
    const counts = list.map((part) => part.nTrans);
    if (new Set(counts).size > 1)
      throw new ArgumentError(
        `Transform.or: the transforms make ${counts.join(", ")} versions of an image (nTrans), expected the same number.`,
        "invalid_argument",
      );
    super("EitherTransform", list, counts[0] ?? 1, ["part"]);
  }

  protected override draw(x: ImageLike, rng: RandomSource): TransformParams {
    const chosen = indexValue(rng, this.list.length);
    return { part: [chosen], ...this.named(chosen, (this.list[chosen] as Transform).getParams(x, { rng })) };
  }

  protected override singles(params: CheckedParams): TransformParams[] {
    const [part, i] = chosenPart(this, params);
    return part.iterateParams(this.own(i, params)).map((set) => ({ part: [i], ...this.named(i, set) }));
  }

  protected override map(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    const [part, i] = chosenPart(this, params);
    return inverse ? part.inverse(x, this.own(i, params)) : part.transform(x, this.own(i, params));
  }
}

/** Several transforms side by side; `part` among the parameters picks one of them. */
class StackTransform extends Combination {
  constructor(list: readonly Transform[]) {
    super(
      "StackTransform",
      list,
      list.reduce((n, part) => n + part.nTrans, 0),
      ["part"],
    );
  }

  protected override draw(x: ImageLike, rng: RandomSource): TransformParams {
    return Object.assign(
      {},
      ...this.list.map((part, i) => this.named(i, part.getParams(x, { rng }))),
    ) as TransformParams;
  }

  protected override singles(params: CheckedParams): TransformParams[] {
    const parts = params.part ? [chosenPart(this, params)] : this.list.map((part, i) => [part, i] as const);
    return parts.flatMap(([part, i]) =>
      part.iterateParams(this.own(i, params)).map((set) => ({ part: [i], ...this.named(i, set) })),
    );
  }

  protected override map(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    const parts = params.part ? [chosenPart(this, params)] : this.list.map((part, i) => [part, i] as const);
    return joined(
      parts.map(([part, i]) =>
        inverse ? part.inverse(x, this.own(i, params)) : part.transform(x, this.own(i, params)),
      ),
    );
  }

  /** Of several parts each undoes its own images, as there is no other meaning. */
  override inverse(x: Tensor, params?: TransformParams, options: InverseOptions = {}): Tensor {
    return super.inverse(x, params, params?.part === undefined ? { ...options, batchwise: false } : options);
  }
}

function chosenPart(combination: Combination, params: CheckedParams): readonly [Transform, number] {
  const index = scalar(params, "part", NaN);
  const part = combination.list[index];
  if (!part)
    throw new ArgumentError(
      `${combination.constructor.name}: part is ${index}, expected the number of one of ${combination.list.length} transforms, as getParams(x) gives it.`,
      "invalid_argument",
    );
  return [part, index];
}
