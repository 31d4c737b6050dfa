import {
  VirtualLinearPhysics,
  type LinearPhysics,
  type NoiseModel,
  type OperatorKind,
  type Physics,
  TensorList,
} from "../../physics/index.js";
import { ArgumentError, checkOptions } from "../../runtime/index.js";
import { noGrad, stack, type Tensor, checkTensor, freeOnError } from "../../tensor/index.js";
import { Reflect, Rotate, Transform } from "../../transform/index.js";
import { Module } from "../module.js";
import type { ReconstructOptions, Reconstructor } from "../types.js";

/** Options of {@link EquivariantReconstructor}. */
export interface EquivariantReconstructorOptions {
  /** The network to be made equivariant. */
  model: Reconstructor;
  /**
   * Transforms averaged over in training. Default: one random rotation by a multiple of 90 degrees with or without a
   * horizontal flip.
   */
  transform?: Transform | null;
  /**
   * Transforms averaged over in evaluation. Default: `transform` where it is given, else all eight rotations and flips.
   */
  evalTransform?: Transform | null;
}

/**
 * Makes a reconstruction network f equivariant by an average over transforms, `R(y, A) = mean_g T_g f(y, A T_g)`.
 *
 * Averaged over a whole group of exact transforms, `R(y, A T_h) = T_h^-1 R(y, A)` for each h of the group. A single
 * random transform estimates that average without bias. Needs a linear physics. State names: model.*. (Sechaud et al.,
 * "Equivariant splitting", 2026.)
 */
export class EquivariantReconstructor extends Module {
  /** The network f. */
  readonly model: Reconstructor;
  /** Transforms averaged over in training. */
  readonly transform: Transform;
  /** Transforms averaged over in evaluation. */
  readonly evalTransform: Transform;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: EquivariantReconstructorOptions) {
    super();
    const name = "EquivariantReconstructor";
    checkOptions(name, options, ["model", "transform", "evalTransform"]);
    if (typeof (options?.model as Partial<Reconstructor> | undefined)?.forward !== "function") {
      throw new ArgumentError(
        `${name}: model has no forward function; ` +
          "give it a network such as new ArtifactRemoval({ backboneNet: new UNet() }).",
        "invalid_argument",
      );
    }
    const { transform, evalTransform } = options;
    for (const [key, value] of Object.entries({ transform, evalTransform })) {
      if (value === undefined || value === null || value instanceof Transform) continue;
      throw new ArgumentError(
        `${name}: ${key} must be a transform such as new Rotate({ multiples: 90, positive: true }).`,
        "invalid_argument",
      );
    }
    if (evalTransform && !transform)
      throw new ArgumentError(
        `${name}: evalTransform is given but transform is not; give both, or transform alone.`,
        "invalid_argument",
      );
    this.model = options.model;
    this.transform = transform ?? rotationsAndFlips(1, 1);
    this.evalTransform = evalTransform ?? transform ?? rotationsAndFlips(4, 2);
    this.training = options.model.training;
  }

  /**
   * The reconstruction of `y`.
   *
   * @throws ArgumentError `missing_physics` without a linear physics.
   */
  forward(y: Tensor, physics?: Physics<NoiseModel, OperatorKind>, options: ReconstructOptions = {}): Tensor {
    // That of a stacked physics is a list.
    if (!(y instanceof TensorList)) checkTensor("EquivariantReconstructor", "y", y);
    return freeOnError(() => {
      const linear = physics as LinearPhysics | undefined;
      if (typeof linear?.AAdjoint !== "function") {
        throw new ArgumentError(
          "EquivariantReconstructor: forward needs a linear physics as second argument, " +
            "such as new Inpainting({ imgSize, mask }).",
          "missing_physics",
        );
      }
      const transform = this.training ? this.transform : this.evalTransform;
      // Parameters depend on the size of the images, that of the adjoint.
      const params = transform.getParams(
        noGrad(() => linear.AAdjoint(y)),
        { rng: options.rng },
      );
      const terms = transform
        .iterateParams(params)
        .map((set) =>
          transform.transform(
            this.model.forward(y, new VirtualLinearPhysics({ physics: linear, transform, params: set }), options),
            set,
          ),
        );
      return terms.length === 1 ? (terms[0] as Tensor) : stack(terms, 0).mean(0);
    });
  }
}

/** Rotations by multiples of 90 degrees, and horizontal flips. */
function rotationsAndFlips(rotations: number, flips: number): Transform {
  return new Rotate({ multiples: 90, positive: true, nTrans: rotations }).compose(
    new Reflect({ dim: [-1], nTrans: flips }),
  );
}
