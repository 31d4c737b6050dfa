import { EPSILON, imageDims, meanPerImage } from "../functional/index.js";
import { checkModel, type Reconstructor } from "../nn/index.js";
import { Physics } from "../physics/index.js";
import { ReplayRng, resolveRng, type Draw, type RandomSource } from "../random/index.js";
import {
  ArgumentError,
  checkFunction,
  checkInstance,
  checkNumber,
  checkOptionsObject,
  checkStream,
  LARGEST,
} from "../runtime/index.js";
import { type Tensor, tensor, checkTensor, freeOnError, vjp } from "../tensor/index.js";
import { RecordingRng } from "./recording-rng.js";

/** Arguments of every divergence, that of the map `y -> A(f(y))`. */
export interface DivergenceArgs {
  /** The point, shape `[B, ...]`. */
  y: Tensor;
  /** The reconstruction f. */
  model: Reconstructor;
  /** The operator A. */
  physics: Physics;
}

/** Arguments of {@link mcDiv}. */
export interface MonteCarloDivergenceArgs extends DivergenceArgs {
  /** Step of the finite difference, about a hundredth of the range of y. */
  tau: number;
  /** `A(f(y))`, where it is already known. Default: computed. */
  y1?: Tensor;
  /** A linear map B, applied to probe and difference. Default: identity. */
  precond?: (t: Tensor) => Tensor;
  /** Random stream of the probe. Default: that of the library. */
  rng?: RandomSource;
}

/** Arguments of {@link hutchDiv}. */
export interface HutchinsonDivergenceArgs extends DivergenceArgs {
  /** Number of probes. Default: 1. */
  mcIter?: number;
  /** Random stream of the probes. Default: that of the library. */
  rng?: RandomSource;
}

/**
 * Evaluations `A(f(v))` of a model that may draw random numbers (a transform, a mask, noise), with the same draws in
 * all of them: between two draws f differs by much more than between two points, and differences of its values are
 * divided by a small step.
 *
 * Without `rng` the model draws from its own stream, and the draws are not held.
 */
export class SameDraws {
  readonly #model: Reconstructor;
  readonly #physics: Physics;
  readonly #rng: RandomSource | undefined;
  #draws: readonly Draw[] | undefined;

  constructor({ model, physics, rng }: { model: Reconstructor; physics: Physics; rng?: RandomSource | undefined }) {
    this.#model = model;
    this.#physics = physics;
    this.#rng = rng;
  }

  /** `A(f(v))`; the first call draws, later ones repeat its draws. */
  of(v: Tensor): Tensor {
    if (!this.#rng) return this.#physics.A(this.#model.forward(v, this.#physics, {}));
    const recorder = this.#draws ? undefined : new RecordingRng(this.#rng);
    const rng = recorder ?? new ReplayRng(this.#draws as readonly Draw[]);
    const value = this.#physics.A(this.#model.forward(v, this.#physics, { rng }));
    if (recorder) this.#draws = recorder.draws;
    return value;
  }

  /** `A(f(y))` with the draws of the first call: `y1`, where it is known and the model draws nothing. */
  at(y: Tensor, y1: Tensor): Tensor {
    return this.#draws && this.#draws.length > 0 ? this.of(y) : y1;
  }
}

/** The rounding of f may be this many times as small as its change. */
const MARGIN = 1000;

/**
 * The share of the largest value of y that a step of a first or second difference must have for its change not to
 * drown in rounding: `f(y + tau b) - f(y)` is in error by about `epsilon |f(y)|`, and is divided by `tau` or by
 * `tau^2`. A second difference, the smaller term of an estimate, has a smaller margin.
 */
function leastShare(y: Tensor, order: 1 | 2): number {
  return order === 1 ? MARGIN * EPSILON[y.dtype] : Math.sqrt((MARGIN / 5) * EPSILON[y.dtype]);
}

/** A step of a first or second difference at y, for each image at least the {@link leastShare} of its largest value. */
export function visibleStep(tau: number | Tensor, y: Tensor, order: 1 | 2): number | Tensor {
  const [magnitude, dims] = [y.detach().abs(), imageDims(y)];
  const least = (dims.length > 0 ? magnitude.max(dims, true) : magnitude).mul(leastShare(y, order));
  // On the CPU a step that is large enough stays a number; other devices would have to be waited for.
  if (typeof tau === "number" && y.device === "cpu" && least.max().itemSync() <= tau) return tau;
  return least.maximum(tau);
}

/**
 * The change of `A(f(y))` along a probe, `(A f(y + tau b) - A f(y)) / tau`, with the same random draws of the model in
 * both; `y1` is `A f(y)` with any draws. Where values of y are so large that a step of `tau` would be lost in rounding,
 * the step is larger.
 */
export function probeDifference(
  args: DivergenceArgs & { y1: Tensor; probe: Tensor; tau: number | Tensor; rng?: RandomSource },
): Tensor {
  const { y, model, physics, y1, probe, rng } = args;
  const tau = visibleStep(args.tau, y, 1);
  const draws = new SameDraws({ model, physics, rng });
  const moved = draws.of(y.add(probe.mul(tau)));
  return moved.sub(draws.at(y, y1)).div(tau);
}

/**
 * Monte-Carlo divergence per entry, for each image: `mean(B b * B (A f(y + tau b) - A f(y)) / tau)`, b standard normal
 * (Ramani, Blu, Unser, "Monte-Carlo SURE: a black-box optimization of regularization parameters for general denoising
 * algorithms", 2008, doi:10.1109/TIP.2008.2001404).
 *
 * @returns shape `[B]`.
 * @throws ArgumentError `missing_argument`, `invalid_argument`.
 */
export function mcDiv(args: MonteCarloDivergenceArgs): Tensor {
  checkArgs("mcDiv", args);
  const tau = checkNumber("mcDiv", "tau", args.tau, { positive: true });
  const precond = args.precond ?? ((t: Tensor) => t);
  checkFunction("mcDiv", "precond", precond);
  if (args.y1 !== undefined) checkTensor("mcDiv", "y1", args.y1);
  return freeOnError(() => {
    const probe = resolveRng(args.rng).normal([...args.y.shape], args.y);
    const y1 = args.y1 ?? args.physics.A(args.model.forward(args.y, args.physics, { rng: args.rng }));
    return meanPerImage(precond(probe).mul(precond(probeDifference({ ...args, tau, y1, probe }))));
  });
}

/**
 * Hutchinson's divergence per entry, for each image: the average over probes of `mean(b * (J^T b))`, J the Jacobian of
 * `y -> A f(y)`. It can itself be differentiated.
 *
 * @returns shape `[B]`.
 * @throws ArgumentError `missing_argument`, `invalid_argument`.
 */
export function hutchDiv(args: HutchinsonDivergenceArgs): Tensor {
  checkArgs("hutchDiv", args);
  return freeOnError(() => hutchinson(args));
}

function hutchinson(args: HutchinsonDivergenceArgs): Tensor {
  const probes = checkNumber("hutchDiv", "mcIter", args.mcIter ?? 1, { integer: true, min: 1, max: LARGEST.draws });
  const rng = resolveRng(args.rng);
  const product = transposed("hutchDiv", args);
  let total: Tensor | undefined;
  for (let i = 0; i < probes; i++) {
    const b = rng.normal([...args.y.shape], args.y);
    const term = meanPerImage(b.mul(product(b)));
    total = total ? total.add(term) : term;
  }
  return (total as Tensor).div(probes);
}

/**
 * Exact divergence per entry, for each image: the trace of the Jacobian of `y -> A f(y)` divided by the entries of one
 * image.
 *
 * It takes one backward pass for each entry: for small images, as a reference. It can itself be differentiated.
 *
 * @returns shape `[B]`.
 * @throws ArgumentError `missing_argument`.
 */
export function exactDiv(args: DivergenceArgs): Tensor {
  checkArgs("exactDiv", args);
  return freeOnError(() => trace(args));
}

function trace(args: DivergenceArgs): Tensor {
  const { y } = args;
  const product = transposed("exactDiv", args);
  const batch = y.shape[0] ?? 1;
  const entries = y.size / batch;
  let total: Tensor | undefined;
  for (let i = 0; i < entries; i++) {
    const values = new Float32Array(y.size);
    for (let image = 0; image < batch; image++) values[image * entries + i] = 1;
    const basis = tensor(values, { shape: [...y.shape], dtype: y.dtype, device: y.device });
    const term = meanPerImage(basis.mul(product(basis)));
    total = total ? total.add(term) : term;
  }
  return total as Tensor;
}

/** `v -> J^T v` at y, J the Jacobian of `y -> A f(y)`: itself differentiable, except within `noGrad`. */
function transposed(caller: string, { y, model, physics }: DivergenceArgs): (v: Tensor) => Tensor {
  const [output, product] = vjp((u) => physics.A(model.forward(u, physics)), y);
  if (output.shape.join() !== y.shape.join()) {
    throw new ArgumentError(
      `${caller}: A f(y) has shape [${output.shape.join(", ")}] but y has shape [${y.shape.join(", ")}]; ` +
        "a divergence needs them equal.",
      "invalid_argument",
    );
  }
  return product;
}

function checkArgs(caller: string, args: DivergenceArgs): void {
  checkOptionsObject(caller, args, ["y", "model", "physics"]);
  const sources = { y: "the measurement", model: "the reconstruction network f", physics: "the operator A" };
  for (const [key, source] of Object.entries(sources)) {
    if (!args?.[key as keyof DivergenceArgs]) {
      throw new ArgumentError(`${caller}: ${key} is missing; it is ${source}.`, "missing_argument");
    }
  }
  const { y, model, physics, rng } = args as DivergenceArgs & { rng?: unknown };
  checkTensor(caller, "y", y);
  checkModel(caller, "model", model);
  checkInstance(caller, "physics", physics, Physics, "a physics such as new physics.Denoising()");
  checkStream(caller, rng);
}
