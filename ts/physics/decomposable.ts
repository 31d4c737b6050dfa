import { imageDims, matching } from "../functional/index.js";
import { ArgumentError, shown, checkOptionsObject } from "../runtime/index.js";
import { full, Tensor, where, checkTensor, freeOnError } from "../tensor/index.js";
import { checkImgSize, checkTensorOption, checkRank } from "./argument-checks.js";
import type { OperatorKind } from "./kinds.js";
import { callSettings, checkGamma, dampingFor, type SolverOptions, startImage } from "./least-squares.js";
import { adjointFunction, LinearPhysics, type LinearOptions } from "./linear.js";
import type { NoiseModel } from "./noise/index.js";
import type { PhysicsParameters } from "./physics.js";

/** A map between tensors. */
export type Map = (x: Tensor) => Tensor;

/** Options of {@link DecomposablePhysics}. */
export interface DecomposableOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /** Isometry from the spectrum to measurements. Default: the identity. */
  U?: Map;
  /** The transpose of `U`. Default: derived from `U` by differentiation, which needs `imgSize`. */
  UAdjoint?: Map;
  /** Isometry from the spectrum to images. Default: derived from `VAdjoint`, which needs `imgSize`. */
  V?: Map;
  /** The transpose of `V`. Default: the identity. */
  VAdjoint?: Map;
  /** Singular values, a number or a tensor that broadcasts to the spectrum. Default: 1. */
  mask?: Tensor | number;
  /** Size of the images without the batch, such as `[C, H, W]`. */
  imgSize?: readonly number[];
}

/** Computed singular values of at most this share of the largest are treated as 0 by the pseudo-inverse. */
export const SMALLEST_SHARE = 1e-5;

/** Weights of a mask up to this magnitude count as 0: the reciprocals of larger ones are finite in float32. */
export const SMALLEST_WEIGHT = 2 ** -126;

/**
 * A linear physics with a known singular value decomposition, `A = U diag(mask) V^T`.
 *
 * `U` and `V` have orthonormal columns and need not be square. The pseudo-inverse and the proximal operator have closed
 * forms.
 */
export class DecomposablePhysics<
  N extends NoiseModel = NoiseModel,
  O extends OperatorKind = OperatorKind,
> extends LinearPhysics<N, O> {
  protected static override readonly commonOptionKeys: readonly string[] = [
    ...LinearPhysics.commonOptionKeys,
    "imgSize",
  ];
  protected static override readonly optionKeys: readonly string[] = ["U", "UAdjoint", "V", "VAdjoint", "mask"];

  /**
   * Singular values, of a shape that broadcasts to the spectrum; undefined until an operator without a mask gets one.
   */
  mask: Tensor | undefined;
  /** The options of these names, derived ones included. */
  protected readonly maps: Partial<Record<"U" | "UAdjoint" | "V" | "VAdjoint", Map>>;

  /** @throws ArgumentError `invalid_argument`, `missing_argument`, `unknown_option`. */
  constructor(options: DecomposableOptions<N> = {}) {
    checkOptionsObject(new.target.name, options);
    const { U, UAdjoint, V, VAdjoint, mask, ...rest } = options;
    const className = new.target.name;
    super(rest);
    for (const [name, map] of Object.entries({ U, UAdjoint, V, VAdjoint })) {
      if (map !== undefined && typeof map !== "function") {
        throw new ArgumentError(
          `${className}: ${name} is ${shown(map)}, expected a function of a tensor.`,
          "invalid_argument",
        );
      }
    }
    if (UAdjoint && !U)
      throw new ArgumentError(`${className}: UAdjoint is given without U; pass both.`, "missing_argument");
    if (V && !VAdjoint)
      throw new ArgumentError(`${className}: V is given without VAdjoint; pass both.`, "missing_argument");
    const size = options.imgSize === undefined ? undefined : checkImgSize(className, options.imgSize);
    const derived = (name: string, of: Map | undefined): Map | undefined => {
      if (!of) return undefined;
      if (!size)
        throw new ArgumentError(
          `${className}: ${name} is missing; pass it, or imgSize to derive it.`,
          "missing_argument",
        );
      return adjointFunction(of, size);
    };
    this.maps = { U, UAdjoint: UAdjoint ?? derived("UAdjoint", U), V: V ?? derived("V", VAdjoint), VAdjoint };
    if (mask instanceof Tensor || mask === undefined) this.mask = mask;
    else if (typeof mask === "number" && Number.isFinite(mask)) this.mask = full([1], mask);
    else
      throw new ArgumentError(
        `${className}: mask is ${shown(mask)}, expected a tensor or a finite number.`,
        "invalid_argument",
      );
  }

  /** Spectrum to measurements. */
  U(s: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.U`, "s", s);
      return this.maps.U ? this.maps.U(s) : s;
    });
  }

  /** Measurements to spectrum. */
  UAdjoint(y: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.UAdjoint`, "y", y);
      return this.maps.UAdjoint ? this.maps.UAdjoint(y) : y;
    });
  }

  /** Spectrum to image. */
  V(s: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.V`, "s", s);
      return this.maps.V ? this.maps.V(s) : s;
    });
  }

  /** Image to spectrum. */
  VAdjoint(x: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.VAdjoint`, "x", x);
      return this.maps.VAdjoint ? this.maps.VAdjoint(x) : x;
    });
  }

  /** The singular values with the device and element type of `like`; undefined where all are 1. */
  protected values(_caller: string, like: Tensor): Tensor | undefined {
    return this.mask && matching(this.mask, like);
  }

  /** Whether `U` is the identity, so that the entries of the mask are those of the measurements. */
  protected get masksMeasurements(): boolean {
    return this.maps.U === undefined && this.U === DecomposablePhysics.prototype.U;
  }

  /** Where the mask is not 0, if `U` is the identity; see {@link Physics.measured}. */
  override measured(y: Tensor): Tensor | undefined {
    checkRank(`${this.className}.measured`, "y", y);
    return this.masksMeasurements ? this.values(`${this.className}.noise`, y)?.ne(0) : undefined;
  }

  /** Refuses images (`name` is "x") or measurements ("y") that do not fit the operator. */
  protected check(caller: string, name: string, value: Tensor): void {
    checkRank(caller, name, value);
  }

  /** The spectrum times the singular values, or times their squares. */
  protected scaled(method: string, s: Tensor, power: 1 | 2): Tensor {
    const mask = this.values(`${this.className}.${method}`, s);
    if (!mask) return s;
    return s.mul(power === 1 ? mask : mask.square());
  }

  override A(x: Tensor): Tensor {
    return freeOnError(() => {
      this.check(`${this.className}.A`, "x", x);
      return this.U(this.scaled("A", this.VAdjoint(x), 1));
    });
  }

  override AAdjoint(y: Tensor): Tensor {
    return freeOnError(() => {
      this.check(`${this.className}.AAdjoint`, "y", y);
      return this.V(this.scaled("AAdjoint", this.UAdjoint(y), 1));
    });
  }

  override AAdjointA(x: Tensor): Tensor {
    return freeOnError(() => {
      this.check(`${this.className}.AAdjointA`, "x", x);
      return this.V(this.scaled("AAdjointA", this.VAdjoint(x), 2));
    });
  }

  override AAAdjoint(y: Tensor): Tensor {
    return freeOnError(() => {
      this.check(`${this.className}.AAAdjoint`, "y", y);
      return this.U(this.scaled("AAAdjoint", this.UAdjoint(y), 2));
    });
  }

  /** The magnitude up to which singular values count as 0, for the singular values of a spectrum of this rank. */
  protected smallestSingularValue(mask: Tensor, rank: number): number | Tensor {
    const values = mask.detach().abs();
    // With a batch dimension each image has its own largest.
    const largest = values.shape.length === rank && rank > 1 ? values.max(imageDims(values), true) : values.max();
    return largest.mul(SMALLEST_SHARE);
  }

  /**
   * The pseudo-inverse in closed form: `A^+ y = V diag(1 / mask) U^T y`, with 0 where a singular value is 0: at most
   * 1e-5 of the largest, as computed ones are not exactly 0.
   */
  override ADagger(y: Tensor, options: SolverOptions = {}): Tensor {
    return freeOnError(() => {
      const caller = `${this.className}.ADagger`;
      callSettings(caller, options, this.solver);
      this.check(caller, "y", y);
      const s = this.UAdjoint(y);
      const mask = this.values(caller, s);
      if (!mask) return this.V(s);
      const usable = mask.abs().gt(this.smallestSingularValue(mask, s.shape.length));
      const inverse = usable.div(where(usable, mask, usable.neg().add(1)));
      return this.V(s.mul(inverse));
    });
  }

  /**
   * The proximal operator in closed form, `z + V diag(m / (m^2 + 1 / gamma)) (U^T y - diag(m) V^T z)`.
   *
   * As a correction of `z` it leaves the component of `z` in the null space of `A` unchanged, also where `V` is not
   * square, and loses no digits where `gamma` is large.
   */
  override proxL2(z: Tensor | number, y: Tensor, gamma: number | Tensor, options: SolverOptions = {}): Tensor {
    return freeOnError(() => {
      const caller = `${this.className}.proxL2`;
      callSettings(caller, options, this.solver);
      this.check(caller, "y", y);
      const step = checkGamma(caller, gamma, y.shape[0] ?? 1);
      const start = startImage(caller, z, () => this.AAdjoint(y));
      const s = this.VAdjoint(start);
      const mask = this.values(caller, s);
      const residual = this.UAdjoint(y).sub(mask ? s.mul(mask) : s);
      const damping = dampingFor(step, s);
      const gain = mask ? mask.div(mask.square().add(damping)) : damping.add(1).reciprocal();
      return start.add(this.V(residual.mul(gain)));
    });
  }

  override parameterNames(): readonly string[] {
    return ["mask"];
  }

  protected override setParameters(parameters: PhysicsParameters): void {
    const { mask } = parameters;
    if (mask === undefined) return;
    const value = typeof mask === "number" ? full([1], mask) : mask;
    checkTensorOption(`${this.className}.update`, "mask", value);
    this.mask = this.checkMask(value);
  }

  /** A new mask, checked and reshaped for the operator. */
  protected checkMask(mask: Tensor): Tensor {
    return mask;
  }
}
