import { EPSILON, matching } from "../functional/index.js";
import { ArgumentError, checkNumber, checkOptions, ShapeError, checkOptionsObject, shown } from "../runtime/index.js";
import { full, Tensor, where, zeros } from "../tensor/index.js";
import { TensorList } from "./tensor-list.js";

/** Measurements: a tensor, or several of different shapes. */
export type Measurement = Tensor | TensorList;

/** Stopping criteria of an iterative solver. */
export interface SolverOptions {
  /** Maximum number of iterations. Default: 100. */
  maxIter?: number;
  /** Stops once the residual of the normal equations is at most this fraction of the first. Default: 1e-6. */
  tol?: number;
}

/** Checked solver settings. */
export function solverSettings(
  className: string,
  options: SolverOptions,
  defaults: Required<SolverOptions>,
): Required<SolverOptions> {
  checkOptionsObject(className, options, ["maxIter", "tol"]);
  return {
    maxIter: checkNumber(className, "maxIter", options.maxIter ?? defaults.maxIter, { integer: true, positive: true }),
    tol: checkNumber(className, "tol", options.tol ?? defaults.tol, { min: 0 }),
  };
}

/** Checked solver settings of one call, which has no other options. */
export function callSettings(
  caller: string,
  options: SolverOptions,
  defaults: Required<SolverOptions>,
): Required<SolverOptions> {
  checkOptions(caller, options, ["maxIter", "tol"]);
  return solverSettings(caller, options, defaults);
}

/** The inner products of batch elements: two tensors `[B, ...]` to `[B]`. */
export function batchDot(a: Measurement, b: Measurement): Tensor {
  if (a instanceof TensorList && b instanceof TensorList) {
    return a.map((t, i) => batchDot(t, b.at(i))).reduce((u, v) => u.add(v));
  }
  const u = a as Tensor;
  return u
    .mul(b as Tensor)
    .reshape([u.shape[0] ?? 1, -1])
    .sum(1);
}

/** `a + s b` with factors `s`, `[B]`, one per batch element. */
function addScaled<M extends Measurement>(a: M, s: Tensor, b: M): M {
  if (a instanceof TensorList && b instanceof TensorList) {
    return new TensorList(a.map((t, i) => addScaled(t, s, b.at(i)))) as M;
  }
  const u = a as Tensor;
  const factor = s.reshape([u.shape[0] ?? 1, ...Array.from({ length: u.shape.length - 1 }, () => 1)]);
  return u.add(factor.mul(b as Tensor)) as M;
}

/** One value per batch element, `[B]`, from a number, a tensor of one value or one of shape `[B]`. */
function perElement(value: number | Tensor, like: Tensor): Tensor {
  const batch = like.shape[0] ?? 1;
  if (typeof value === "number") return full([batch], value, { dtype: like.dtype, device: like.device });
  const v = matching(value, like);
  return v.size === 1 ? v.reshape([1]).expand([batch]) : v.reshape([batch]);
}

/**
 * Conjugate gradients for least squares: `argmin_x |A x - b|^2 + damping |x|^2`; of several minimisers the one of least
 * norm.
 *
 * Batch elements are solved independently; one that has converged no longer changes.
 * CGLS rather than CG on the normal equations, as it loses half as many digits in float32.
 * Paper: Hestenes, Stiefel, "Methods of conjugate gradients for solving linear systems", 1952.
 */
export function conjugateGradient<M extends Measurement>(
  problem: { A: (x: Tensor) => M; AAdjoint: (y: M) => Tensor; b: M; damping?: number | Tensor },
  settings: Required<SolverOptions>,
): Tensor {
  const { A, AAdjoint, b } = problem;
  let s = AAdjoint(b);
  let x = zeros(s.shape, { dtype: s.dtype, device: s.device });
  const damping = problem.damping === undefined ? undefined : perElement(problem.damping, s);
  let r = b;
  let p = s;
  let gamma = batchDot(s, s);
  const threshold = gamma.mul(settings.tol ** 2);
  // With a tol below rounding errors, the residual grows without bound once it has reached its minimum.
  const rounding = gamma.detach().mul((100 * EPSILON[s.dtype]) ** 2);
  let least = gamma.detach();
  const one = full([1], 1, { dtype: s.dtype, device: s.device });
  for (let i = 0; i < settings.maxIter; i++) {
    const active = gamma.gt(threshold).detach();
    // Other devices do not stop early, as reading the residual would wait for them; converged elements do not change.
    if (active.device === "cpu" && active.sum().itemSync() === 0) break;
    const q = A(p);
    let curvature = batchDot(q, q);
    if (damping) curvature = curvature.add(damping.mul(batchDot(p, p)));
    least = least.minimum(gamma.detach());
    const lost = gamma.detach().gt(least.mul(100)).mul(least.lt(rounding));
    const moving = active.mul(curvature.gt(0).detach()).mul(lost.eq(0));
    const alpha = gamma.div(where(moving, curvature, one)).mul(moving);
    x = addScaled(x, alpha, p);
    r = addScaled(r, alpha.neg(), q);
    s = AAdjoint(r);
    if (damping) s = addScaled(s, damping.neg(), x);
    const next = batchDot(s, s);
    const beta = next.div(where(moving, gamma, one)).mul(moving);
    p = addScaled(s, beta, p);
    // The residual of a converged element is set to 0, so that it stays converged.
    gamma = next.mul(moving);
  }
  return x;
}

/**
 * Proximal operator of the data term: `argmin_x gamma/2 |A x - y|^2 + 1/2 |x - z|^2`, as `z` plus a damped
 * least-squares correction.
 *
 * `gamma`, above 0, is one number or one value per batch element.
 */
export function proximal<M extends Measurement>(
  problem: { A: (x: Tensor) => M; AAdjoint: (y: M) => Tensor; y: M; z: Tensor; gamma: number | Tensor },
  settings: Required<SolverOptions>,
): Tensor {
  const { A, AAdjoint, y, z, gamma } = problem;
  const az = A(z);
  const residual = (y instanceof TensorList ? y.sub(az as TensorList) : y.sub(az as Tensor)) as M;
  const damping = typeof gamma === "number" ? 1 / gamma : gamma.reciprocal();
  return z.add(conjugateGradient({ A, AAdjoint, b: residual, damping }, settings));
}

/**
 * Refuses a step size that is not above 0 (on other devices than the CPU this is not checked), and one that is neither
 * one value nor one value per image.
 */
export function checkGamma(caller: string, gamma: unknown, batch: number): number | Tensor {
  if (gamma instanceof Tensor) {
    if (gamma.size !== 1 && !(gamma.size === batch && gamma.shape[0] === batch)) {
      throw new ShapeError(
        `${caller}: gamma has shape [${gamma.shape.join(", ")}], expected one value or ` +
          `one for each of the ${batch} images.`,
        "shape_mismatch",
      );
    }
    if (gamma.device === "cpu") for (const value of gamma.dataSync()) checkGamma(caller, value, batch);
    return gamma;
  }
  if (typeof gamma !== "number" || !(gamma > 0) || !Number.isFinite(gamma)) {
    throw new ArgumentError(
      `${caller}: gamma is ${shown(gamma)}, expected a finite number above 0 or a tensor of such.`,
      "invalid_argument",
    );
  }
  return gamma;
}

/** The smallest normal number of float32. */
const SMALLEST_DAMPING = 2 ** -126;

/**
 * `1 / gamma`, one value or one per batch element, of a shape that broadcasts over `like`. It is kept above 0, so that
 * what a closed form divides by `s^2 + 1 / gamma` is finite for a singular value s of 0 and any `gamma`.
 */
export function dampingFor(gamma: number | Tensor, like: Tensor): Tensor {
  const { dtype, device, shape } = like;
  const single = shape.map(() => 1);
  if (typeof gamma === "number") return full(single, Math.max(1 / gamma, SMALLEST_DAMPING), { dtype, device });
  return matching(gamma, like)
    .reshape([gamma.size, ...single.slice(1)])
    .reciprocal()
    .maximum(SMALLEST_DAMPING);
}

/** The image that a proximal step starts from: `z`, or where it is a number, a constant image shaped like `like()`. */
export function startImage(caller: string, z: Tensor | number, like: () => Tensor): Tensor {
  if (z instanceof Tensor) return z;
  checkNumber(caller, "z", z);
  const { shape, dtype, device } = like();
  return full(shape, z, { dtype, device });
}
