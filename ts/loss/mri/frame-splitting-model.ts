import { type Module, TimeAveragingNet, type Reconstructor, type ReconstructOptions } from "../../nn/index.js";
import {
  DynamicMRI,
  SequentialMRI,
  type FrameChoice,
  FrameSplittingMaskGenerator,
  type NoiseModel,
  type Physics,
  checkPhysics,
} from "../../physics/index.js";
import type { RandomSource } from "../../random/index.js";
import { ArgumentError, ShapeError, checkObject, checkOptionsObject, checkInstance } from "../../runtime/index.js";
import { cat, noGrad, tensor, type Tensor, checkTensor, freeOnError } from "../../tensor/index.js";
import { AdaptedModel } from "../adapted-model.js";

/** Settings a {@link FrameSplittingModel} takes from its loss. */
export interface FrameSplittingModelSettings<L extends string = string> {
  /** Class name of the loss. */
  readonly adaptedBy: L;
  /** Chooses the frames. */
  readonly generator: FrameSplittingMaskGenerator;
  /** Whether the network reconstructs sequences; otherwise it sees the average over time and reconstructs one image. */
  readonly dynamicModel: boolean;
  readonly rng: RandomSource | undefined;
}

/**
 * The model that a splitting over time trains: in training the network sees some frames of y and of the mask of the
 * physics, as a shorter sequence; in evaluation all of them, without gradients. With `updateParameters` the chosen
 * frames are kept for the loss.
 */
export class FrameSplittingModel<L extends string = string> extends AdaptedModel<L> {
  readonly #settings: FrameSplittingModelSettings<L>;
  #choice: FrameChoice | undefined;

  constructor(model: Reconstructor, settings: FrameSplittingModelSettings<L>) {
    checkObject(new.target.name, "settings", settings);
    const { adaptedBy, generator, dynamicModel, rng } = settings;
    checkInstance(new.target.name, "generator", generator, FrameSplittingMaskGenerator, "a generator of frames");
    super(
      adaptedBy,
      dynamicModel ? model : new TimeAveragingNet({ backboneNet: model as Reconstructor & Module }),
      rng,
    );
    this.training = model.training;
    this.#settings = settings;
  }

  /**
   * Reconstructs from some of the frames.
   *
   * @throws ShapeError `shape_mismatch` where y does not have the frames of the loss's `imgSize`; ArgumentError
   * `missing_physics`.
   */
  forward(y: Tensor, physics?: Physics, options: ReconstructOptions = {}): Tensor {
    checkTensor(this.adaptedBy, "y", y);
    checkOptionsObject(this.adaptedBy, options);
    return freeOnError(() => {
      const rng = this.stream(options);
      if (!this.training) return noGrad(() => this.model.forward(y, physics, { rng }));
      checkFrames(this.adaptedBy, y, this.#settings.generator.imgSize);
      if (physics !== undefined) checkPhysics(this.adaptedBy, physics);
      const choice = this.#settings.generator.input(y.shape[0] as number, rng);
      if (options.updateParameters) this.#choice = choice;
      const part = frameSplit(this.adaptedBy, choice, y, physics);
      return this.model.forward(part.y, part.physics(), { rng });
    });
  }

  /**
   * Which frames the network saw, for each image, in the last pass with `updateParameters`.
   *
   * @throws ArgumentError `missing_argument` where there was none.
   */
  frames(): FrameChoice {
    return this.kept(this.#choice, "choice of frames");
  }
}

/** Refuses measurements that are no sequences of the expected length. */
function checkFrames(name: string, y: Tensor, imgSize: readonly number[]): void {
  if (y.shape.length === 5 && y.shape[2] === imgSize[1]) return;
  throw new ShapeError(
    `${name}: y has shape [${y.shape.join(", ")}], expected [B, ${imgSize.join(", ")}], as given by imgSize.`,
    "shape_mismatch",
  );
}

/** The chosen frames of the measurement under the mask and of the mask, and the physics that makes them. */
export function frameSplit(
  name: string,
  choice: FrameChoice,
  y: Tensor,
  physics: Physics | undefined,
): { y: Tensor; mask: Tensor; physics: () => Physics } {
  if (!(physics instanceof DynamicMRI || physics instanceof SequentialMRI)) {
    throw new ArgumentError(
      `${name}: the physics must be a DynamicMRI or SequentialMRI; pass it to model.forward(y, physics).`,
      "missing_physics",
    );
  }
  const whole = physics.mask.to(y.dtype).to(y.device);
  const mask = select(whole.expand([y.shape[0] as number, ...whole.shape.slice(1)]), choice);
  const options = {
    mask,
    noiseModel: physics.noiseModel as NoiseModel,
    sensorModel: (t: Tensor) => physics.sensor(t),
    ...(physics.rng ? { rng: physics.rng } : {}),
  };
  // Built only on request, since a mask of zeros is refused.
  const part = () => (physics instanceof SequentialMRI ? new SequentialMRI(options) : new DynamicMRI(options));
  return { y: select(y, choice).mul(mask.ne(0)), mask, physics: part };
}

/** Frames of a sequence, chosen for each image: `[B, C, T, H, W]` to `[B, C, n, H, W]`. */
function select(x: Tensor, choice: FrameChoice): Tensor {
  const pick = (t: Tensor, frames: readonly number[]) => t.indexSelect(tensor([...frames], { device: t.device }), 2);
  const first = choice[0] as readonly number[];
  if (choice.every((frames) => frames.join() === first.join())) return pick(x, first);
  const rest = x.shape.slice(1);
  return cat(
    choice.map((frames, b) => pick(x.slice([b, ...rest.map(() => 0)], [b + 1, ...rest]), frames)),
    0,
  );
}
