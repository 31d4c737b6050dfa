import { checkFlag, ShapeError } from "../runtime/index.js";
import { checkTensor, freeOnError, type Tensor } from "../tensor/index.js";
import { checkArguments } from "./options.js";

/** Options of {@link linear}. */
export interface LinearArguments {
  /** Added to each row, `[out]`. Default: none. */
  bias?: Tensor | null;
  /** Whether operands may be rounded as `init`'s `precision` says; `nn.Linear` allows it. Default: false. */
  mixed?: boolean;
}

/**
 * `y = x weight^T + bias`, `[..., in]` to `[..., out]`, with `weight` `[out, in]`.
 *
 * @throws ShapeError `shape_mismatch` where they disagree; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function linear(x: Tensor, weight: Tensor, options: LinearArguments = {}): Tensor {
  checkArguments("linear", options, ["bias", "mixed"]);
  checkTensor("linear", "x", x);
  checkTensor("linear", "weight", weight);
  const mixed = checkFlag("linear", "mixed", options.mixed, false);
  if (options.bias !== undefined && options.bias !== null) checkTensor("linear", "bias", options.bias);
  checkShapes(x, weight, options.bias);
  return freeOnError(() => {
    // A single vector becomes a row, since the core multiplies matrices.
    const rows = x.shape.length === 1 ? x.reshape([1, -1]) : x;
    const product = rows.matmul(weight.permute([1, 0]), { mixed });
    const y = options.bias ? product.add(options.bias) : product;
    return x.shape.length === 1 ? y.reshape([-1]) : y;
  });
}

/** A bias of another size would broadcast to more outputs than there are. */
function checkShapes(x: Tensor, weight: Tensor, bias: Tensor | null | undefined): void {
  const [outputs, inputs] = weight.shape;
  const found = (t: Tensor): string => `[${t.shape.join(", ")}]`;
  if (weight.rank !== 2 || x.shape.at(-1) !== inputs)
    throw new ShapeError(
      `linear: input has shape ${found(x)} and weight ${found(weight)}, expected [..., in] and [out, in].`,
      "shape_mismatch",
    );
  if (bias && (bias.rank !== 1 || bias.size !== outputs))
    throw new ShapeError(
      `linear: bias has shape ${found(bias)}, expected [${outputs}] for weight ${found(weight)}.`,
      "shape_mismatch",
    );
}
