import {
  type LinearPhysics,
  type NoiseModel,
  type OperatorKind,
  type Physics,
  TensorList,
} from "../../physics/index.js";
import { ArgumentError, checkNumber, checkOptions, checkWord } from "../../runtime/index.js";
import { checkTensor, freeOnError, type Tensor } from "../../tensor/index.js";
import { Module } from "../module.js";
import type { Denoiser, ReconstructOptions } from "../types.js";
import { noiseLevel } from "./noise-level-map.js";

const MODES = ["direct", "adjoint", "pinv", "prox"] as const;

/** What {@link ArtifactRemoval} applies to the measurements first. */
export type ArtifactRemovalMode = (typeof MODES)[number];

/** Options of {@link ArtifactRemoval}. */
export interface ArtifactRemovalOptions {
  /** The denoiser; its second argument is the noise level `physics.noiseModel.sigma`, where there is one. */
  backboneNet: Denoiser;
  /** What is applied to the measurements first. Default: `"adjoint"`. */
  mode?: ArtifactRemovalMode;
  /**
   * Weight of the measurements in mode `"prox"`; about a fifth of 1 / sigma^2 for images from 0 to 1 with noise of
   * standard deviation sigma. Default: 1.
   */
  gamma?: number;
}

/**
 * Turns a denoiser f into a reconstruction network:
 * `R(y, A) = f(A^T y)` (`"adjoint"`), `f(A^+ y)` (`"pinv"`), `f(y)` (`"direct"`), or, beyond deepinv, `f(z)` with the
 * regularised inverse `z = argmin_z gamma/2 |A z - y|^2 + 1/2 |z - A^T y|^2` (`"prox"`), which unlike `A^+ y` does not
 * amplify the noise along small singular values of A.
 *
 * State names: backbone_net.*. (Jin, McCann, Froustey, Unser, "Deep convolutional neural network for inverse problems
 * in imaging", 2017, arXiv:1611.03679.)
 */
export class ArtifactRemoval extends Module {
  /** The denoiser. */
  readonly backboneNet: Denoiser;
  /** What is applied to the measurements first. */
  readonly mode: ArtifactRemovalMode;
  /** Weight of the measurements in mode "prox". */
  readonly gamma: number;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: ArtifactRemovalOptions) {
    super();
    checkOptions("ArtifactRemoval", options, ["backboneNet", "mode", "gamma"]);
    if (typeof (options?.backboneNet as Partial<Denoiser> | undefined)?.forward !== "function") {
      throw new ArgumentError(
        "ArtifactRemoval: backboneNet has no forward function; give it a denoiser such as new DnCNN().",
        "invalid_argument",
      );
    }
    this.backboneNet = options.backboneNet;
    this.mode = checkWord("ArtifactRemoval", "mode", options.mode ?? "adjoint", MODES);
    this.gamma = checkNumber("ArtifactRemoval", "gamma", options.gamma ?? 1, { positive: true });
  }

  /**
   * The reconstruction of `y`.
   *
   * @throws ArgumentError `missing_physics` where the mode needs a linear physics and none is given.
   */
  forward(y: Tensor, physics?: Physics<NoiseModel, OperatorKind>, _options?: ReconstructOptions): Tensor {
    // That of a stacked physics is a list.
    if (!(y instanceof TensorList)) checkTensor("ArtifactRemoval", "y", y);
    return freeOnError(() => this.backboneNet.forward(this.#start(y, physics), noiseLevel(physics)));
  }

  #start(y: Tensor, physics: Physics<NoiseModel, OperatorKind> | undefined): Tensor {
    if (this.mode === "direct") return y;
    const linear = physics as Partial<LinearPhysics<NoiseModel, OperatorKind>> | undefined;
    if (
      typeof linear?.AAdjoint !== "function" ||
      typeof linear.ADagger !== "function" ||
      typeof linear.proxL2 !== "function"
    ) {
      throw new ArgumentError(
        `ArtifactRemoval: mode "${this.mode}" needs a linear physics as second argument of forward.`,
        "missing_physics",
      );
    }
    if (this.mode === "pinv") return linear.ADagger(y);
    const back = linear.AAdjoint(y);
    return this.mode === "adjoint" ? back : linear.proxL2(back, y, this.gamma);
  }
}
