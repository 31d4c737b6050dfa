import { checkTensor, freeKeptOnError, freeOnError } from "../../tensor/index.js";
import { checkFlag, checkNumber, checkOptions } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { linear } from "../../functional/index.js";
import { defaultWeights, sharedWeights, uniformWeights } from "../init.js";
import { Module } from "../module.js";
import { WEIGHT_OPTIONS } from "../types.js";
import type { WeightOptions } from "../types.js";

/** Options of {@link Linear}. */
export interface LinearOptions extends WeightOptions {
  /** Size of the last dimension of the input. */
  inFeatures: number;
  /** Size of the last dimension of the output. */
  outFeatures: number;
  /** Whether a bias is added. Default: true. */
  bias?: boolean;
}

/**
 * Fully connected layer, `y = x weight^T + bias`, `[..., inFeatures]` to `[..., outFeatures]`.
 *
 * Weight `[outFeatures, inFeatures]` and bias `[outFeatures]` are initialised uniformly on `+-1 / sqrt(inFeatures)`, as
 * in PyTorch.
 */
export class Linear extends Module {
  /** Matrix `[outFeatures, inFeatures]`. */
  readonly weight: Tensor;
  /** Bias `[outFeatures]`, or null. */
  readonly bias: Tensor | null;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: LinearOptions) {
    super();
    checkOptions("Linear", options, ["inFeatures", "outFeatures", "bias", ...WEIGHT_OPTIONS]);
    const inFeatures = checkNumber("Linear", "inFeatures", options.inFeatures, { positive: true, integer: true });
    const outFeatures = checkNumber("Linear", "outFeatures", options.outFeatures, { positive: true, integer: true });
    const bias = checkFlag("Linear", "bias", options.bias, true);
    const weights = sharedWeights(options);
    [this.weight, this.bias] = freeKeptOnError(() => [
      this.registerParameter("weight", defaultWeights([outFeatures, inFeatures], weights)),
      bias ? this.registerParameter("bias", uniformWeights([outFeatures], 1 / Math.sqrt(inFeatures), weights)) : null,
    ]);
  }

  /** `x weight^T + bias`. */
  forward(x: Tensor): Tensor {
    checkTensor("Linear", "x", x);
    return freeOnError(() => linear(x, this.weight, { bias: this.bias, mixed: true }));
  }
}
