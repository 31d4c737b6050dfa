import { ops } from "../tensor/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkArguments } from "./options.js";

/** A parameter with its moments. */
export interface AdamState {
  /** The parameter. */
  parameter: Tensor;
  /** Running mean of the gradient. */
  m: Tensor;
  /** Running mean of its square. */
  v: Tensor;
}

/** Options of {@link adamStep}. */
export interface AdamStepArguments {
  /** Number of this step, from 1. */
  step: number;
  /** Learning rate. */
  lr: number;
  /** Decay of the two running means. */
  betas: readonly [number, number];
  /** Added to the denominator. */
  eps: number;
  /** Weight decay. Default: 0. */
  weightDecay?: number;
  /** Whether the decay acts on the parameter (AdamW) instead of the gradient. Default: false. */
  decoupled?: boolean;
}

/**
 * One step of Adam or AdamW, as new tensors off the tape; all four operands have the shape of the parameter.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function adamStep({ parameter, m, v }: AdamState, gradient: Tensor, options: AdamStepArguments): AdamState {
  checkArguments("adamStep", options, ["step", "lr", "betas", "eps", "weightDecay", "decoupled"]);
  const { step, lr, betas, eps, weightDecay = 0, decoupled = false } = options;
  const [beta1, beta2] = betas;
  const next = ops.adamStep(parameter, gradient, m, v, step, decoupled, lr, beta1, beta2, eps, weightDecay);
  return { parameter: next[0]!, m: next[1]!, v: next[2]! };
}
