import { handleOf, operators, optionalHandle, Tensor } from "../tensor/index.js";
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
  /** A tensor of one element by which the gradients are multiplied. Default: none. */
  factor?: Tensor | undefined;
}

/**
 * One step of Adam or AdamW on parameters of one device and element type, as new tensors off the tape; moments and
 * gradient have the shape of their parameter.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`; DeviceError
 * `device_mismatch`; DTypeError `dtype_mismatch`.
 */
export function adamStep(
  states: readonly AdamState[],
  gradients: readonly Tensor[],
  options: AdamStepArguments,
): AdamState[] {
  checkArguments("adamStep", options, ["step", "lr", "betas", "eps", "weightDecay", "decoupled", "factor"]);
  const { step, lr, betas, eps, weightDecay = 0, decoupled = false, factor } = options;
  const [beta1, beta2] = betas;
  const tensors = states.flatMap(({ parameter, m, v }, i) => [parameter, gradients[i] as Tensor, m, v].map(handleOf));
  const scale = optionalHandle(factor);
  const handles = operators.adamStep(scale, tensors, step, decoupled, lr, beta1, beta2, eps, weightDecay);
  const updated = handles.map((handle) => new Tensor(handle));
  return states.map((_, i) => {
    const [parameter, m, v] = updated.slice(3 * i, 3 * i + 3) as [Tensor, Tensor, Tensor];
    return { parameter, m, v };
  });
}
