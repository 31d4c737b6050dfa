import { indexValue, type RandomSource } from "../random/index.js";
import { ArgumentError } from "../runtime/index.js";
import { cat, type Tensor } from "../tensor/index.js";
import type { ImageLike } from "./options.js";
import { scalar, type CheckedParams, type TransformParams } from "./params.js";

/** What a combination uses of the transforms that it is made of. */
export interface Part {
  readonly paramNames: readonly string[];
  /** Names of which at least one is needed; empty where a transform has no parameters to be drawn. */
  readonly neededNames: readonly string[];
  readonly nTrans: number;
  getParams(x: ImageLike, options: { rng: RandomSource }): TransformParams;
  iterateParams(params: TransformParams): TransformParams[];
  transform(x: Tensor, params: TransformParams): Tensor;
  inverse(x: Tensor, params: TransformParams): Tensor;
}

/**
 * A way to combine several transforms into one.
 *
 * Each transform keeps the names of its parameters. Where names collide, the later one gets a number: `theta`,
 * `theta2`.
 */
export abstract class Combination {
  /** The name, for messages. */
  abstract readonly name: string;
  /** Number of transformed versions of each image. */
  abstract readonly nTrans: number;
  readonly parts: readonly Part[];
  /** The names of all parameters. */
  readonly paramNames: readonly string[];
  /** Those of which at least one is needed: what the parts need, without what the combination may be given. */
  readonly neededNames: readonly string[];
  /** For each part the names of its parameters, its own and those of the combination. */
  readonly #names: readonly (readonly (readonly [own: string, combined: string])[])[];

  /** `reserved` holds names of parameters of the combination itself. */
  constructor(parts: readonly Part[], reserved: readonly string[] = []) {
    const taken = new Set(reserved);
    this.#names = parts.map((part) =>
      part.paramNames.map((own) => {
        let combined = own;
        for (let i = 2; taken.has(combined); i++) combined = `${own}${i}`;
        taken.add(combined);
        return [own, combined] as const;
      }),
    );
    this.parts = parts;
    this.paramNames = [...taken];
    this.neededNames = parts.some((part) => part.neededNames.length > 0) ? this.paramNames : [];
  }

  /** Draws parameters for images shaped like `x`. */
  abstract draw(x: ImageLike, rng: RandomSource): TransformParams;

  /** The parameters of each single transform. */
  abstract single(params: CheckedParams): TransformParams[];

  /** The images under all transforms, or transformed back. */
  abstract map(x: Tensor, params: CheckedParams, inverse: boolean): Tensor;

  /** The parameters of one part, under its own names. */
  protected own(index: number, params: TransformParams): TransformParams {
    return Object.fromEntries((this.#names[index] ?? []).map(([own, combined]) => [own, params[combined]]));
  }

  /** The parameters of one part, under the names of the combination. */
  protected combined(index: number, params: TransformParams): TransformParams {
    return Object.fromEntries((this.#names[index] ?? []).map(([own, combined]) => [combined, params[own]]));
  }

  /** The images under one part, or transformed back by it. */
  protected mapPart(index: number, x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    const [part, own] = [this.parts[index] as Part, this.own(index, params)];
    return inverse ? part.inverse(x, own) : part.transform(x, own);
  }

  /** The index of the part that the parameter `part` names. */
  protected chosen(params: CheckedParams): number {
    const index = scalar(params, "part", NaN);
    if (this.parts[index]) return index;
    throw new ArgumentError(
      `${this.name}: part is ${index}, expected the index of one of ${this.parts.length} transforms; ` +
        "getParams(x) gives it.",
      "invalid_argument",
    );
  }

  /** The parameters of each single transform of one part, with its index as `part`. */
  protected singleOf(index: number, params: CheckedParams): TransformParams[] {
    const sets = (this.parts[index] as Part).iterateParams(this.own(index, params));
    return sets.map((set) => ({ part: [index], ...this.combined(index, set) }));
  }
}

/** Transforms one after the other: every combination of their `nTrans` transforms. */
export class Chain extends Combination {
  readonly name = "ChainTransform";
  readonly nTrans: number;

  constructor(parts: readonly Part[]) {
    super(parts);
    this.nTrans = parts.reduce((n, part) => n * part.nTrans, 1);
  }

  override draw(x: ImageLike, rng: RandomSource): TransformParams {
    const [batch = 1, ...size] = x.shape;
    let images = batch;
    const params: Record<string, TransformParams[string]> = {};
    this.parts.forEach((part, i) => {
      Object.assign(params, this.combined(i, part.getParams({ shape: [images, ...size] }, { rng })));
      images *= part.nTrans;
    });
    return params;
  }

  override single(params: CheckedParams): TransformParams[] {
    return this.parts.reduce<TransformParams[]>(
      (all, part, i) =>
        part
          .iterateParams(this.own(i, params))
          .flatMap((set) => all.map((before) => ({ ...before, ...this.combined(i, set) }))),
      [{}],
    );
  }

  override map(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    const order = this.parts.map((_, i) => i);
    if (inverse) order.reverse();
    return order.reduce((images, i) => this.mapPart(i, images, params, inverse), x);
  }
}

/** One of several transforms; the parameter `part` holds its index. */
export class Choice extends Combination {
  readonly name = "EitherTransform";
  readonly nTrans: number;

  /** @throws ArgumentError `invalid_argument` where the transforms differ in `nTrans`. */
  constructor(parts: readonly Part[]) {
    const counts = parts.map((part) => part.nTrans);
    if (new Set(counts).size > 1)
      throw new ArgumentError(
        `Transform.or: the transforms have nTrans ${counts.join(", ")}, expected the same number for all.`,
        "invalid_argument",
      );
    super(parts, ["part"]);
    this.nTrans = counts[0] ?? 1;
  }

  override draw(x: ImageLike, rng: RandomSource): TransformParams {
    const index = indexValue(rng, this.parts.length);
    return { part: [index], ...this.combined(index, (this.parts[index] as Part).getParams(x, { rng })) };
  }

  override single(params: CheckedParams): TransformParams[] {
    return this.singleOf(this.chosen(params), params);
  }

  override map(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    return this.mapPart(this.chosen(params), x, params, inverse);
  }
}

/** The results of several transforms in one batch; the parameter `part`, where given, selects one of them. */
export class Stack extends Combination {
  readonly name = "StackTransform";
  readonly nTrans: number;

  constructor(parts: readonly Part[]) {
    super(parts, ["part"]);
    this.nTrans = parts.reduce((n, part) => n + part.nTrans, 0);
  }

  override draw(x: ImageLike, rng: RandomSource): TransformParams {
    const drawn = this.parts.map((part, i) => this.combined(i, part.getParams(x, { rng })));
    return Object.assign({}, ...drawn) as TransformParams;
  }

  override single(params: CheckedParams): TransformParams[] {
    return this.#selected(params).flatMap((i) => this.singleOf(i, params));
  }

  override map(x: Tensor, params: CheckedParams, inverse: boolean): Tensor {
    return concatenated(this.#selected(params).map((i) => this.mapPart(i, x, params, inverse)));
  }

  #selected(params: CheckedParams): number[] {
    return params.part ? [this.chosen(params)] : this.parts.map((_, i) => i);
  }
}

/** Tensors one after the other along the batch; a single one unchanged. */
export function concatenated(parts: readonly Tensor[]): Tensor {
  return parts.length === 1 ? (parts[0] as Tensor) : cat(parts, 0);
}
