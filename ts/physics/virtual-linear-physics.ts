import { checkTensor, freeOnError } from "../tensor/index.js";
import { ArgumentError, checkKind, checkObject, checkOptionsObject, hasMethods, shown } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { Transform, TransformParams } from "../transform/index.js";
import type { SolverOptions } from "./least-squares.js";
import { LinearPhysics } from "./linear.js";
import type { NoiseModel } from "./noise/index.js";
import type { NoiseDrawOptions, PhysicsParameters } from "./physics.js";

/** Options of {@link VirtualLinearPhysics}. */
export interface VirtualLinearPhysicsOptions<N extends NoiseModel = NoiseModel> {
  /** The operator A. */
  physics: LinearPhysics<N>;
  /** What is applied to images first: a transform, or an object with these two methods. */
  transform: Pick<Transform, "transform" | "inverse">;
  /** Parameters of one transform, such as `{ theta: [90] }`. */
  params: TransformParams;
}

/**
 * An operator after an invertible transform, `x -> A T_g x`, with the noise and the sensor of A.
 *
 * The adjoint and the pseudo-inverse are `T_g^-1 A^T` and `T_g^-1 A^+`: exact where T_g permutes pixels, as shifts,
 * reflections and rotations by 90 degrees do, and approximate where it interpolates or crops.
 * Paper: Sechaud et al., "Equivariant splitting", 2026.
 */
export class VirtualLinearPhysics<N extends NoiseModel = NoiseModel> extends LinearPhysics<N, "composed"> {
  protected static override readonly optionKeys: readonly string[] = [];
  override readonly operator = "composed" as const;
  /** The operator A. */
  readonly physics: LinearPhysics<N>;
  /** The transform T. */
  protected readonly transform: Pick<Transform, "transform" | "inverse">;
  /** Its parameters g. */
  protected readonly params: TransformParams;

  /** @throws ArgumentError `invalid_argument` where the physics is not linear, or the transform none. */
  constructor(options: VirtualLinearPhysicsOptions<N>) {
    checkOptionsObject(new.target.name, options);
    const { physics, transform, params } = options;
    if (!(physics instanceof LinearPhysics)) {
      throw new ArgumentError(
        `VirtualLinearPhysics: physics is ${shown(physics)}, expected a linear physics such as new MRI({ mask }).`,
        "invalid_argument",
      );
    }
    checkKind("VirtualLinearPhysics", "transform", transform, {
      expected: "a transform such as new Shift()",
      fits: (value) => hasMethods(value, ["transform", "inverse"]),
    });
    checkObject("VirtualLinearPhysics", "params", params);
    super({
      noiseModel: physics.noiseModel,
      sensorModel: (y) => physics.sensor(y),
      ...(physics.rng ? { rng: physics.rng } : {}),
    });
    this.physics = physics;
    this.transform = transform;
    this.params = params;
  }

  override A(x: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.A`, "x", x);
      return this.physics.A(this.transform.transform(x, this.params));
    });
  }

  override AAdjoint(y: Tensor): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.AAdjoint`, "y", y);
      return this.transform.inverse(this.physics.AAdjoint(y), this.params);
    });
  }

  override ADagger(y: Tensor, options: SolverOptions = {}): Tensor {
    return freeOnError(() => {
      checkTensor(`${this.className}.ADagger`, "y", y);
      return this.transform.inverse(this.physics.ADagger(y, options), this.params);
    });
  }

  /** `T_g^-1` of the proximal operator of A at `T_g z`. */
  override proxL2(z: Tensor | number, y: Tensor, gamma: number | Tensor, options: SolverOptions = {}): Tensor {
    checkTensor(`${this.className}.proxL2`, "y", y);
    return freeOnError(() => {
      const start = typeof z === "number" ? z : this.transform.transform(z, this.params);
      return this.transform.inverse(this.physics.proxL2(start, y, gamma, options), this.params);
    });
  }

  override noise(y: Tensor, options: NoiseDrawOptions = {}): Tensor {
    checkTensor(`${this.className}.noise`, "y", y);
    return this.physics.noise(y, options);
  }

  override measured(y: Tensor): Tensor | undefined {
    checkTensor(`${this.className}.measured`, "y", y);
    return this.physics.measured(y);
  }

  override parameterNames(): readonly string[] {
    return this.physics.parameterNames();
  }

  protected override setParameters(parameters: PhysicsParameters): void {
    this.physics.update(parameters);
  }

  override clone(): this {
    const copy = super.clone();
    const { physics } = copy;
    return Object.assign(copy, { noiseModel: physics.noiseModel, sensorModel: (y: Tensor) => physics.sensor(y) });
  }
}
