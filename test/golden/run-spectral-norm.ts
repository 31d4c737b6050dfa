import { FNEJacobianSpectralNorm, JacobianSpectralNorm, type SpectralNormOptions } from "../../ts/loss/index.js";
import { Module, type Reconstructor } from "../../ts/nn/index.js";
import { stack, type Tensor } from "../../ts/tensor/index.js";
import type { CaseData } from "./case-data.js";
import { replay } from "./draws.js";
import { buildPhysics } from "./library.js";
import { GoldenNetwork } from "./network.js";
import type { Result } from "./result.js";

/** More than the cases need: the ratio of the two largest singular values decides. */
const UNTIL_CONVERGENCE = 160;

class Product extends Module {
  constructor(private readonly matrix: () => Tensor) {
    super();
  }
  forward(x: Tensor): Tensor {
    return x.matmul(this.matrix());
  }
}

/** Norms of Jacobians: of the case's network, or of products with its matrices. */
export function runSpectralNorm(data: CaseData): Result {
  const { golden } = data;
  const { maxIter, ...params } = golden.params as { maxIter: number | string };
  // The reference does not look at the tolerance: it does all iterations.
  const options = { ...params, maxIter: typeof maxIter === "number" ? maxIter : UNTIL_CONVERGENCE, tol: 0 };
  const rng = replay(data);
  const physics = buildPhysics(data);
  const name = ["y", "yIn", "x"].find((key) => golden.inputs[key] !== undefined) ?? "y";
  const y = data.input(name);
  const x = golden.inputs.xIn === undefined ? undefined : data.input("xIn");
  const norm = (model: Reconstructor, more: SpectralNormOptions = {}, draws = rng): Tensor => {
    const Norm = golden.class === "JacobianSpectralNorm" ? JacobianSpectralNorm : FNEJacobianSpectralNorm;
    return new Norm({ ...options, ...more }).forward({
      y,
      model,
      ...(physics ? { physics } : {}),
      ...(x ? { x } : {}),
      rng: draws,
    });
  };
  if (!golden.model) {
    const values = ["A", "resolvent"]
      .filter((key) => golden.inputs[key] !== undefined)
      .map((key) => norm(new Product(() => data.input(key))));
    rng.assertDone();
    const exact = golden.expected.outputs?.exact;
    const got = values[0]?.dataSync()[0] as number;
    if (typeof exact === "number" && Math.abs(got - exact) > 1e-4 * exact)
      throw new Error(`${golden.name}: got ${got}, exactly it is ${exact}`);
    return { value: values.length === 1 ? (values[0] as Tensor) : stack(values, 0), plain: new Set(["exact"]) };
  }
  const network = new GoldenNetwork(golden.model, data);
  const value = norm(network);
  rng.assertDone();
  const each = (): Tensor => norm(network, { reduction: "none" }, replay(data));
  return {
    value,
    leaves: network.weights,
    outputs: { exactLargestSingularValue: each, exactLargestSingularValues: each },
  };
}
