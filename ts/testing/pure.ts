import { checkModel, type Reconstructor } from "../nn/index.js";
import { checkPhysics, type Physics } from "../physics/index.js";
import { checkNumber, checkOptions, ShapeError } from "../runtime/index.js";
import { checkTensor, freeOnError, tensor, type Tensor } from "../tensor/index.js";

/** Arguments of {@link pure}. */
export interface PureArgs {
  /** Poisson measurement `y = gain z`, shape `[B, ...]`. */
  readonly y: Tensor;
  /** The reconstruction f. */
  readonly model: Reconstructor;
  /** The operator A; `A f(y)` has the shape of y. */
  readonly physics: Physics;
  /** The gain. */
  readonly gain: number;
}

/**
 * Exact unbiased risk estimate for Poisson noise (PURE; Luisier, Blu, Unser, 2011, doi:10.1109/TIP.2010.2073477), the
 * reference for SurePoissonLoss:
 *
 * `|F(y)|^2 / m - 2 / m sum_i y_i F_i(y - gain e_i) + (y^T y - gain 1^T y) / m` with `F = A f`.
 *
 * Unbiased for `|F(y) - A x|^2 / m` at any gain. The model is evaluated once for each of the m entries of an image,
 * which is feasible for small images only.
 *
 * @returns one value per image, shape `[B]`.
 * @throws ArgumentError `invalid_argument` where the gain is not above 0; ShapeError `shape_mismatch` where `A f(y)`
 * has another shape than y.
 */
export function pure(args: PureArgs): Tensor {
  checkOptions("pure", args, ["y", "model", "physics", "gain"]);
  checkTensor("pure", "y", args.y);
  checkModel("pure", "model", args.model);
  checkPhysics("pure", args.physics);
  checkNumber("pure", "gain", args.gain, { positive: true });
  return freeOnError(() => risk(args));
}

function risk({ y, model, physics, gain }: PureArgs): Tensor {
  const batch = y.shape[0] ?? 1;
  const entries = y.size / batch;
  const predict = (t: Tensor): Tensor => {
    const output = checkTensor("pure", "A f(y)", physics.A(model.forward(t, physics)));
    if (output.shape.join() !== y.shape.join()) {
      throw new ShapeError(
        `pure: A f(y) has shape [${output.shape.join(", ")}], expected that of y, [${y.shape.join(", ")}].`,
        "shape_mismatch",
      );
    }
    return output.reshape([batch, entries]);
  };
  const flat = y.reshape([batch, entries]);
  let cross: Tensor | undefined;
  for (let i = 0; i < entries; i++) {
    const unit = new Float32Array(entries);
    unit[i] = 1;
    const basis = tensor(unit, { shape: [1, entries], dtype: y.dtype, device: y.device });
    // y_i F_i(y - gain e_i): the basis vector selects entry i of the product.
    const shifted = predict(flat.sub(basis.mul(gain)).reshape([...y.shape]));
    const term = flat.mul(shifted).mul(basis).sum(1);
    cross = cross ? cross.add(term) : term;
  }
  const sum = predict(y).square().add(flat.square()).sub(flat.mul(gain)).sum(1);
  return (cross ? sum.sub(cross.mul(2)) : sum).div(entries);
}
