import type { Metric } from "../metric/index.js";
import type { Reconstructor } from "../nn/index.js";
import type { Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { noGrad, type Tensor } from "../tensor/index.js";
import type { Transform } from "../transform/index.js";
import { reconstructAgain } from "./reconstruct-again.js";

/** Checked options of an {@link EquivarianceTerm}. */
export interface EquivarianceSettings {
  readonly transform: Transform;
  readonly metric: Metric;
  readonly applyNoise: boolean;
  readonly weight: number;
  readonly noGrad: boolean;
  readonly rng: RandomSource | undefined;
}

/** How far a reconstruction is from equivariance under a given operator; the common term of EILoss and MOEILoss. */
export class EquivarianceTerm {
  readonly #settings: EquivarianceSettings;

  constructor(settings: EquivarianceSettings) {
    this.#settings = settings;
  }

  get transform(): Transform {
    return this.#settings.transform;
  }

  /** `weight metric(R(A(x2), A), x2)` with `x2 = T_g xNet`, for each image. */
  value(xNet: Tensor, physics: Physics, model: Reconstructor, callRng: RandomSource | undefined): Tensor {
    const { transform, metric, applyNoise, weight } = this.#settings;
    const rng = callRng ?? this.#settings.rng;
    const transformed = () => transform.forward(xNet, { rng });
    const x2 = this.#settings.noGrad ? noGrad(transformed).detach() : transformed();
    const again = reconstructAgain(x2, physics, model, applyNoise, rng);
    return meanOverTransforms(metric.forward(again, x2), xNet).mul(weight);
  }
}

/** One value for each image, the mean over its transformed versions. */
function meanOverTransforms(value: Tensor, x: Tensor): Tensor {
  const images = x.shape[0] ?? 1;
  const [count = 1] = value.shape;
  return value.shape.length === 1 && count > images && count % images === 0
    ? value.reshape([count / images, images]).mean(0)
    : value;
}
