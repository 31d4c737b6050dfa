import type {
  LinearPhysics,
  NoiseKind,
  NoiseModel,
  OperatorKind,
  Physics,
  StackedPhysics,
  TensorList,
} from "../physics/index.js";
import type { Layer, Reconstructor } from "../nn/index.js";
import type { RandomSource } from "../random/index.js";
import type { Tensor } from "../tensor/index.js";
import type { Assumptions, LossName, lossAssumptions } from "./assumptions.js";

/** Everything that `forward` of a loss may be given. */
export interface LossArgs {
  /** Reconstruction, `model.forward(y, physics)`. */
  xNet?: Tensor;
  /** Ground truth. */
  x?: Tensor;
  /** Measurement; for stacked operators a list with one for each. */
  y?: Tensor | TensorList;
  /** What made `y`. */
  physics?: Physics | StackedPhysics;
  /** What made `xNet`. */
  model?: Reconstructor;
  /** Number of the training epoch. */
  epoch?: number;
  /** Discriminator of the adversarial losses: images or measurements `[B, ...]` to scores `[B, ...]`. */
  D?: Layer;
  /** The reconstruction measured again. Default: `physics.A(xNet)`. */
  yHat?: Tensor;
  /** Random stream of this call; takes precedence over the one given to the constructor. */
  rng?: RandomSource;
}

/** A model adapted by the loss named `L`, which accepts no other. */
export interface Adapted<L extends string> extends Reconstructor {
  /** Class name of the loss whose `adaptModel` made this model. */
  readonly adaptedBy: L;
}

type NoiseFor<A extends Assumptions> = A["noise"] extends readonly NoiseKind[]
  ? NoiseModel & { readonly kind: A["noise"][number] }
  : NoiseModel;

type OperatorFor<A extends Assumptions> = A["operator"] extends readonly OperatorKind[]
  ? A["operator"][number]
  : OperatorKind;

/** The physics that the assumptions `A` allow. */
export type PhysicsOf<A extends Assumptions> = A["operator"] extends readonly ["stacked"]
  ? StackedPhysics
  : A["operator"] extends "linear"
    ? LinearPhysics<NoiseFor<A>>
    : Physics<NoiseFor<A>, OperatorFor<A>>;

type Inputs<L extends string, A extends Assumptions> = {
  x: Tensor;
  y: A["operator"] extends readonly ["stacked"] ? TensorList : Tensor;
  xNet: Tensor;
  physics: PhysicsOf<A>;
  model: A["adapted"] extends true ? Adapted<L> : Reconstructor;
};

/**
 * The arguments of the loss named `L`: those it needs are required; the others may be passed and are not used.
 * A physics with another noise model or operator, or a model that was not adapted, does not compile. For a custom loss,
 * pass the type of its assumptions.
 */
export type ArgsOf<
  L extends string,
  A extends Assumptions = L extends LossName ? (typeof lossAssumptions)[L] : never,
> = Pick<Inputs<L, A>, A["needs"][number]> & Omit<LossArgs, A["needs"][number]>;
