import {
  ArgumentError,
  binding,
  checkFlag,
  checkFunction,
  checkList,
  checkOptions,
  type Handle,
  shown,
} from "../runtime/index.js";
import { zeros } from "./create.js";
import { synchronous } from "./scope.js";
import { freeOnError } from "./handle.js";
import { handleOf, Tensor } from "./tensor.js";

/** Options of {@link grad}. */
export interface GradOptions {
  /**
   * Vectors of the vector-Jacobian product, one for each output and of its shape. Default: ones, where all outputs have
   * one element.
   */
  gradOutputs?: readonly Tensor[];
  /** Record the differentiation itself, so that its result can be differentiated again. Default: false. */
  createGraph?: boolean;
  /** Give zeros for an input that the outputs do not depend on, in place of an error. Default: false. */
  allowUnused?: boolean;
}

/**
 * Gradients of the outputs with respect to the inputs: `sum_k J_k^T v_k`, with `v_k` from `gradOutputs`.
 *
 * @throws ArgumentError `unused_input` for an input that no output depends on (unless `allowUnused`); `not_scalar` for
 * an output of more than one element without `gradOutputs`.
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: readonly Tensor[],
  options: GradOptions = {},
): Tensor[] {
  checkOptions("grad", options, ["gradOutputs", "createGraph", "allowUnused"]);
  const from = outputs instanceof Tensor ? [outputs] : checkList("grad", "outputs", outputs);
  checkList("grad", "inputs", inputs);
  const { gradOutputs } = options;
  const createGraph = checkFlag("grad", "createGraph", options.createGraph, false);
  const allowUnused = checkFlag("grad", "allowUnused", options.allowUnused, false);
  if (gradOutputs !== undefined) checkList("grad", "gradOutputs", gradOutputs);
  if (gradOutputs !== undefined && gradOutputs.length !== from.length) {
    throw new ArgumentError(
      `grad: ${gradOutputs.length} gradOutputs for ${from.length} outputs, expected one for each.`,
      "invalid_argument",
    );
  }
  watcher?.(from, inputs);
  const found = gradOrNone(from, inputs, gradOutputs, createGraph);
  const unused = allowUnused ? -1 : found.indexOf(undefined);
  if (unused >= 0) {
    for (const value of found) value?.dispose();
    throw new ArgumentError(
      `grad: the outputs do not depend on input ${unused}; call requiresGrad_() before it is used, or take zeros ` +
        "with allowUnused: true.",
      "unused_input",
    );
  }
  return found.map((value, i) => value ?? zerosLike(inputs[i] as Tensor));
}

/** The gradient for an input that was not used. */
export function zerosLike({ shape, dtype, device }: Tensor): Tensor {
  return zeros(shape, { dtype, device });
}

/** As {@link grad}, with `undefined` for an input that the outputs do not depend on. */
export function gradOrNone(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  gradOutputs: readonly Tensor[] = [],
  createGraph = false,
): (Tensor | undefined)[] {
  const found = binding().grad(handlesOf(outputs), handlesOf(inputs), handlesOf(gradOutputs), createGraph);
  return found.map((h) => (h === 0 ? undefined : new Tensor(h)));
}

/** Told of the outputs and inputs of a {@link grad} before it is made. */
type Watcher = (outputs: readonly Tensor[], inputs: readonly Tensor[]) => void;

let watcher: Watcher | undefined;

/** Runs `fn`, and tells `told` of each {@link grad} within it. */
export function watchGrad<T>(told: Watcher, fn: () => T): T {
  const before = watcher;
  watcher = told;
  try {
    return synchronous("watchGrad", fn);
  } finally {
    watcher = before;
  }
}

/** With a loop, which sees what is missing in an array. */
export function handlesOf(list: readonly Tensor[]): Handle[] {
  const handles: Handle[] = [];
  for (const t of list) handles.push(handleOf(t));
  return handles;
}

/** f(x), which must be a tensor. */
function valueOf(name: string, f: (x: Tensor) => Tensor, x: Tensor): Tensor {
  const y: unknown = f(x);
  if (y instanceof Tensor) return y;
  throw new ArgumentError(`${name}: the function gave ${shown(y)}, expected a tensor.`, "invalid_argument");
}

/** A point at which to differentiate: a leaf of its own where `x` is not on the tape. */
function pointOf(x: Tensor): Tensor {
  handleOf(x);
  return x.requiresGrad ? x : x.detach().requiresGrad_();
}

function withRecording<T>(name: string, on: boolean, fn: (before: boolean) => T): T {
  const before = binding().setGradEnabled(on);
  try {
    return synchronous(name, () => fn(before));
  } finally {
    binding().setGradEnabled(before);
  }
}

/**
 * Runs `fn` without recording and gives its result.
 *
 * @throws ArgumentError `asynchronous_scope` for an asynchronous function.
 */
export function noGrad<T>(fn: () => T): T {
  checkFunction("noGrad", "fn", fn);
  return withRecording("noGrad", false, fn);
}

/** Live tensors of the core and the bytes of their values. */
export function memory(): { tensors: number; bytes: number } {
  const [tensors = 0, bytes = 0] = binding().memory();
  return { tensors, bytes };
}

/**
 * `y = f(x)` and the function `v -> J^T v` at x. It records even within `noGrad`; outside, both are differentiable.
 */
export function vjp(f: (x: Tensor) => Tensor, x: Tensor): [Tensor, (v: Tensor) => Tensor] {
  checkFunction("vjp", "f", f);
  const record = (outer: boolean): [Tensor, (v: Tensor) => Tensor] => {
    const input = pointOf(x);
    const y = valueOf("vjp", f, input);
    const back = (v: Tensor): Tensor =>
      grad([y], [input], { gradOutputs: [v], createGraph: outer, allowUnused: true })[0] as Tensor;
    return [outer ? y : y.detach(), back];
  };
  return freeOnError(() => withRecording("vjp", true, record));
}

/** `y = f(x)` and `J u`, as the derivative of `v -> J^T v` (which is linear) applied to u. */
export function jvp(f: (x: Tensor) => Tensor, x: Tensor, u: Tensor): [Tensor, Tensor] {
  checkFunction("jvp", "f", f);
  const record = (outer: boolean): [Tensor, Tensor] => {
    const input = pointOf(x);
    handleOf(u);
    const y = valueOf("jvp", f, input);
    const v = zeros(y.shape, { dtype: y.dtype, device: y.device, requiresGrad: true });
    const [pulled] = grad([y], [input], { gradOutputs: [v], createGraph: true, allowUnused: true }) as [Tensor];
    if (!pulled.requiresGrad) return [outer ? y : y.detach(), zeros(y.shape, { dtype: y.dtype, device: y.device })];
    const [product] = grad([pulled], [v], { gradOutputs: [u], createGraph: outer, allowUnused: true }) as [Tensor];
    return [outer ? y : y.detach(), product];
  };
  return freeOnError(() => withRecording("jvp", true, record));
}
