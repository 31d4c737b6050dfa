import {
  type LinearPhysics,
  type NoiseModel,
  type OperatorKind,
  type Physics,
  TensorList,
} from "../../physics/index.js";
import { ArgumentError, checkNumber, checkOptions, LARGEST } from "../../runtime/index.js";
import { full, type Tensor, checkTensor, freeKeptOnError, freeOnError } from "../../tensor/index.js";
import { Module } from "../module.js";
import { WEIGHT_OPTIONS, type Denoiser, type ReconstructOptions, type WeightOptions } from "../types.js";
import { DnCNN } from "./dncnn.js";

/** Options of {@link MoDL}. */
export interface MoDLOptions extends WeightOptions {
  /** The denoiser, the same in each iteration. Default: a DnCNN of depth 7 for complex images (two channels). */
  denoiser?: Denoiser;
  /** Number of iterations, at most 1000. Default: 3. */
  numIter?: number;
}

/** A trained number for each iteration. */
class ParameterList extends Module {
  readonly #values: Tensor[] = [];

  constructor(count: number, value: number, like: WeightOptions) {
    super();
    const { dtype = "float32", device } = like;
    for (let i = 0; i < count; i++)
      this.#values.push(this.registerParameter(String(i), full([], value, { dtype, ...(device ? { device } : {}) })));
  }

  at(i: number): Tensor {
    return this.#values[i]!;
  }
}

/** The numbers of the algorithm, by name. */
class ParameterTable extends Module {
  constructor(lists: Readonly<Record<string, ParameterList>>) {
    super();
    for (const [name, list] of Object.entries(lists)) this.registerModule(name, list);
  }
}

/** Holds the denoiser under the state name prior.0.denoiser. */
class Prior extends Module {
  readonly denoiser: Denoiser;

  constructor(denoiser: Denoiser) {
    super();
    this.denoiser = denoiser;
  }
}

/**
 * MoDL, an unrolled network: `numIter` times a step towards the measurements and one of a denoiser D,
 *
 * `z_k = argmin_z s_k/2 |A z - y|^2 + 1/2 |z - x_k|^2`, `x_{k+1} = D(z_k, sigma_k)`, from `x_0 = A^T y`.
 *
 * Steps `s_k` (initially 1) and noise levels `sigma_k` (initially 0.01) are trained; a denoiser that ignores the level
 * leaves `sigma_k` unchanged. Needs a linear physics. State names: prior.0.denoiser.*, params_algo.stepsize.k,
 * params_algo.g_param.k and params_algo.lambda.k (which has no effect), the last three also under init_params_algo, as
 * in deepinv. (Aggarwal, Mani, Jacob, "MoDL: model-based deep learning architecture for inverse problems", 2019,
 * arXiv:1712.02862.)
 */
export class MoDL extends Module {
  /** Number of iterations. */
  readonly numIter: number;
  /** Holds the denoiser. */
  readonly prior: readonly [Prior];
  readonly #stepsize: ParameterList;
  readonly #level: ParameterList;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: MoDLOptions = {}) {
    super();
    checkOptions("MoDL", options, ["denoiser", "numIter", ...WEIGHT_OPTIONS]);
    const { denoiser, numIter, ...weights } = options;
    this.numIter = checkNumber("MoDL", "numIter", numIter ?? 3, { integer: true, min: 1, max: LARGEST.layers });
    if (denoiser !== undefined && typeof (denoiser as Partial<Denoiser>)?.forward !== "function") {
      throw new ArgumentError(
        "MoDL: denoiser has no forward function; give it one such as new DnCNN({ inChannels: 2, outChannels: 2 }).",
        "invalid_argument",
      );
    }
    [this.prior, this.#stepsize, this.#level] = freeKeptOnError(() => {
      const prior = new Prior(denoiser ?? new DnCNN({ inChannels: 2, outChannels: 2, depth: 7, ...weights }));
      const list = (value: number) => new ParameterList(this.numIter, value, weights);
      const [stepsize, level] = [list(1), list(0.01)];
      const table = new ParameterTable({ stepsize, g_param: level, lambda: list(1) });
      this.registerModule("params_algo", table);
      this.registerModule("init_params_algo", table);
      return [[prior], stepsize, level];
    });
  }

  /**
   * The reconstruction of `y`.
   *
   * @throws ArgumentError `missing_physics` without a linear physics.
   */
  forward(y: Tensor, physics?: Physics<NoiseModel, OperatorKind>, _options?: ReconstructOptions): Tensor {
    // That of a stacked physics is a list.
    if (!(y instanceof TensorList)) checkTensor("MoDL", "y", y);
    return freeOnError(() => {
      const linear = physics as LinearPhysics<NoiseModel, OperatorKind> | undefined;
      if (typeof linear?.AAdjoint !== "function" || typeof linear.proxL2 !== "function") {
        throw new ArgumentError(
          "MoDL: forward needs a linear physics as second argument, such as new MRI({ mask }).",
          "missing_physics",
        );
      }
      let x = linear.AAdjoint(y);
      for (let k = 0; k < this.numIter; k++) {
        x = this.prior[0].denoiser.forward(linear.proxL2(x, y, this.#stepsize.at(k)), this.#level.at(k));
      }
      return x;
    });
  }
}
