import { Rng } from "../random/index.js";
import {
  AdjointError,
  ArgumentError,
  checkOptions,
  checkFunction,
  checkNumber,
  checkList,
  LARGEST,
} from "../runtime/index.js";
import { grad, noGrad, tensor, type Tensor, checkTensor, freeOnError } from "../tensor/index.js";

/** Options of {@link gradcheck} and {@link gradgradcheck}. */
export interface GradcheckOptions {
  /** Step of the central difference. Default: 1e-6. */
  readonly step?: number;
  /** Absolute tolerance. Default: 1e-5. */
  readonly atol?: number;
  /** Relative tolerance. Default: 1e-4. */
  readonly rtol?: number;
  /** Seed of the random weights. Default: 0. */
  readonly seed?: number;
}

type Differentiable = (...inputs: Tensor[]) => Tensor;

/** `<v, f(x)>` with fixed random v; its gradient `J^T v` depends on every entry of the Jacobian J. */
function projected(caller: string, f: Differentiable, seed: number): Differentiable {
  return (...inputs) => {
    const y = checkTensor(caller, "the value of f", f(...inputs));
    return y.mul(new Rng(seed).normal(y.shape, y)).sum();
  };
}

/** The seed, where f is a function and the options are some. */
function checkCall(name: string, f: Differentiable, options: GradcheckOptions): number {
  checkFunction(name, "f", f);
  checkOptions(name, options, ["step", "atol", "rtol", "seed"]);
  return checkNumber(name, "seed", options.seed ?? 0, { integer: true });
}

function check(name: string, f: Differentiable, inputs: readonly Tensor[], options: GradcheckOptions): true {
  checkOptions(name, options, ["step", "atol", "rtol", "seed"]);
  checkFunction(name, "f", f);
  for (const x of checkList(name, "inputs", inputs, LARGEST.batch)) checkTensor(name, "an input", x);
  const { step = 1e-6, atol = 1e-5, rtol = 1e-4 } = options;
  for (const [key, value] of Object.entries({ step, atol, rtol })) checkNumber(name, key, value, { min: 0 });
  const wrong = inputs.find((x) => x.dtype !== "float64");
  if (wrong) {
    throw new ArgumentError(
      `${name}: an input is ${wrong.dtype}, expected float64 for finite differences.`,
      "invalid_argument",
    );
  }
  return freeOnError(() => compare(name, f, inputs, { step, atol, rtol }));
}

/** Throws where an entry of the gradient differs from its central difference. */
function compare(
  name: string,
  f: Differentiable,
  inputs: readonly Tensor[],
  { step, atol, rtol }: Required<Omit<GradcheckOptions, "seed">>,
): true {
  const leaves = inputs.map((x) => x.detach().requiresGrad_());
  const gradients = grad(f(...leaves), leaves, { allowUnused: true });
  leaves.forEach((leaf, k) => {
    const values = leaf.dataSync();
    const analytic = (gradients[k] as Tensor).dataSync();
    const valueAt = (i: number, shift: number): number => {
      const shifted = Float64Array.from(values);
      shifted[i] = (shifted[i] as number) + shift;
      const args = leaves.map((x, j) =>
        j === k ? tensor(shifted, { shape: x.shape, device: x.device }).requiresGrad_() : x,
      );
      return checkTensor(name, "the value of f", f(...args)).itemSync();
    };
    for (let i = 0; i < values.length; i++) {
      const numeric = (valueAt(i, step) - valueAt(i, -step)) / (2 * step);
      const got = analytic[i] as number;
      if (!(Math.abs(got - numeric) <= atol + rtol * Math.abs(numeric))) {
        throw new AdjointError(
          `${name}: entry ${i} of input ${k} has gradient ${got}, expected ${numeric} by central differences.`,
          "gradcheck_failed",
        );
      }
    }
  });
  return true;
}

/**
 * Compares the gradient of f at float64 inputs with central differences. If f has several outputs, their weighted sum
 * with fixed random weights is checked.
 *
 * @returns `true` if all entries agree: `|gradient - difference| <= atol + rtol |difference|`.
 * @throws AdjointError `gradcheck_failed` with the first entry that differs; ArgumentError `invalid_argument` where an
 * input is not float64.
 */
export function gradcheck(f: Differentiable, inputs: readonly Tensor[], options: GradcheckOptions = {}): true {
  const seed = checkCall("gradcheck", f, options);
  const scalar = projected("gradcheck", f, seed);
  // Only the first evaluation is differentiated; those of the differences need not be recorded.
  let recorded = false;
  return check(
    "gradcheck",
    (...x) => (recorded ? noGrad(() => scalar(...x)) : ((recorded = true), scalar(...x))),
    inputs,
    options,
  );
}

/** As {@link gradcheck}, for the gradient of f: checks the second derivatives. */
export function gradgradcheck(f: Differentiable, inputs: readonly Tensor[], options: GradcheckOptions = {}): true {
  const seed = checkCall("gradgradcheck", f, options);
  const scalar = projected("gradgradcheck", f, seed);
  const gradient: Differentiable = (...x) => {
    const gradients = grad(scalar(...x), x, { createGraph: true, allowUnused: true });
    const rng = new Rng(seed + 1);
    return gradients.map((g) => g.mul(rng.normal(g.shape, g)).sum()).reduce((a, b) => a.add(b));
  };
  return check("gradgradcheck", gradient, inputs, options);
}
