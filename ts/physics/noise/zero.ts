import type { Tensor } from "../../tensor/index.js";
import { NoiseModel, type NoiseOptions, type ParameterRules } from "./noise-model.js";

/** No noise: `y = x`. */
export class ZeroNoise extends NoiseModel {
  readonly kind = "zero" as const;

  constructor(options: NoiseOptions = {}) {
    super("ZeroNoise", options, []);
  }

  protected override rules(): ParameterRules {
    return {};
  }

  protected override corrupt(y: Tensor): Tensor {
    return y;
  }
}
