import { ArgumentError, binding, checkFunction, type Handle, shown } from "../runtime/index.js";
import { synchronous, tidy } from "./scope.js";
import { handleOf, Tensor } from "./tensor.js";

/**
 * `fn()`, of which the tape keeps no intermediate result: they are computed again when the result is differentiated.
 * A network whose blocks are each within a checkpoint needs memory for the results of all blocks and for the inside of
 * one, in place of the inside of all, and takes about a third longer for a training step.
 *
 * The values and the gradients, of any order, are those without a checkpoint: random numbers that `fn` draws are not
 * drawn again, and statistics that it updates (batch norm) are not updated again. What `fn` uses may be on the tape,
 * weights and images alike. A checkpoint within another one does nothing. (Chen, Xu, Zhang, Guestrin, "Training deep
 * nets with sublinear memory cost", 2016, arXiv:1604.06174.)
 *
 * @param fn it computes one tensor, by operators on tensors; it may not call `grad`, `vjp` or `jvp`.
 * @throws ArgumentError `in_checkpoint` where `fn` differentiates, or moves a tensor that it computed to another
 * device; `asynchronous_scope` for an asynchronous function; `invalid_argument` where it gives no tensor.
 * @example
 * let h = y;
 * for (const block of blocks) h = nn.checkpoint(() => block.forward(h));
 */
export function checkpoint(fn: () => Tensor): Tensor {
  checkFunction("checkpoint", "fn", fn);
  const used = binding();
  if (!used.beginCheckpoint()) return synchronous("checkpoint", () => resultOf(fn));
  let open = true;
  const end = (output: Handle | 0): Handle | 0 => {
    open = false;
    return used.endCheckpoint(output);
  };
  try {
    return tidy(() => new Tensor(end(handleOf(synchronous("checkpoint", () => resultOf(fn)))) as Handle));
  } finally {
    if (open) end(0);
  }
}

function resultOf(fn: () => Tensor): Tensor {
  const result: unknown = fn();
  if (result instanceof Tensor || result instanceof Promise) return result as Tensor;
  throw new ArgumentError(`checkpoint: fn gave ${shown(result)}, expected a tensor.`, "invalid_argument");
}
