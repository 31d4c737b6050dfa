import { AdjointError, ArgumentError, checkOptions } from "../runtime/index.js";
import { Rng } from "../random/index.js";
import { grad, noGrad, tensor, type Tensor } from "../tensor/index.js";

/** Options of {@link gradcheck} and {@link gradgradcheck}. */
export interface GradcheckOptions {
  /** Step of the central difference. Default: 1e-6. */
  step?: number;
  /** Absolute tolerance. Default: 1e-5. */
  atol?: number;
  /** Relative tolerance. Default: 1e-4. */
  rtol?: number;
  /** Seed of the random weights. Default: 0. */
  seed?: number;
}

type Differentiable = (...inputs: Tensor[]) => Tensor;

/** `<v, f(x)>` with fixed random v: its gradient is `J^T v`, which tells every entry of J with probability one. */
function projected(f: Differentiable, seed: number): Differentiable {
  return (...inputs) => {
    const y = f(...inputs);
    return y.mul(new Rng(seed).normal(y.shape, y)).sum();
  };
}

function check(name: string, f: Differentiable, inputs: readonly Tensor[], options: GradcheckOptions): true {
  checkOptions(name, options, ["step", "atol", "rtol", "seed"]);
  const { step = 1e-6, atol = 1e-5, rtol = 1e-4 } = options;
  const wrong = inputs.find((x) => x.dtype !== "float64");
  if (wrong)
    throw new ArgumentError(`${name}: an input is ${wrong.dtype}; finite differences need float64`, "invalid_argument");
  const leaves = inputs.map((x) => x.detach().requiresGrad_());
  const gradients = grad(f(...leaves), leaves, { allowUnused: true });
  leaves.forEach((leaf, k) => {
    const values = leaf.dataSync();
    const analytic = (gradients[k] as Tensor).dataSync();
    const at = (i: number, shift: number): number => {
      const moved = Float64Array.from(values);
      moved[i] = (moved[i] as number) + shift;
      const args = leaves.map((x, j) =>
        j === k ? tensor(moved, { shape: x.shape, device: x.device }).requiresGrad_() : x,
      );
      return f(...args).itemSync();
    };
    for (let i = 0; i < values.length; i++) {
      const numeric = (at(i, step) - at(i, -step)) / (2 * step);
      const got = analytic[i] as number;
      if (!(Math.abs(got - numeric) <= atol + rtol * Math.abs(numeric))) {
        throw new AdjointError(
          `${name}: entry ${i} of input ${k}: the tape gives ${got}, central differences give ${numeric}`,
          "gradcheck_failed",
        );
      }
    }
  });
  return true;
}

/**
 * Compares the gradient of f with central differences at the inputs (float64). `true`, or AdjointError
 * `gradcheck_failed` naming the entry. A function of several outputs is weighted by fixed random numbers.
 */
export function gradcheck(f: Differentiable, inputs: readonly Tensor[], options: GradcheckOptions = {}): true {
  const seed = options.seed ?? 0;
  const scalar = projected(f, seed);
  // Its own derivative is not asked for, so the differences need not be recorded.
  let recorded = false;
  return check(
    "gradcheck",
    (...x) => (recorded ? noGrad(() => scalar(...x)) : ((recorded = true), scalar(...x))),
    inputs,
    options,
  );
}

/** {@link gradcheck} of the gradient of f: the second derivatives. */
export function gradgradcheck(f: Differentiable, inputs: readonly Tensor[], options: GradcheckOptions = {}): true {
  const seed = options.seed ?? 0;
  const scalar = projected(f, seed);
  const slope: Differentiable = (...x) => {
    const gradients = grad(scalar(...x), x, { createGraph: true, allowUnused: true });
    const rng = new Rng(seed + 1);
    return gradients.map((g) => g.mul(rng.normal(g.shape, g)).sum()).reduce((a, b) => a.add(b));
  };
  return check("gradgradcheck", slope, inputs, options);
}
