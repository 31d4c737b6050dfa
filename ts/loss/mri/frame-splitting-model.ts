import { Module, TimeAveragingNet, type Reconstructor } from "../../nn/index.js";
import {
  DynamicMRI,
  SequentialMRI,
  type FrameChoice,
  type FrameSplittingMaskGenerator,
  type NoiseModel,
  type OperatorKind,
  type Physics,
} from "../../physics/index.js";
import { resolveRng, type RandomSource } from "../../random/index.js";
import { ArgumentError, ShapeError } from "../../runtime/index.js";
import { cat, noGrad, tensor, type Tensor } from "../../tensor/index.js";
import type { Adapted } from "../pairing.js";

/** Settings a {@link FrameSplittingModel} takes from its loss. */
export interface FrameSplittingModelSettings<L extends string = string> {
  /** Class name of the loss. */
  readonly adaptedBy: L;
  /** Chooses the frames. */
  readonly generator: FrameSplittingMaskGenerator;
  /** Whether the network gives sequences; otherwise it sees the average over time and gives one image. */
  readonly dynamicModel: boolean;
  readonly rng: RandomSource | undefined;
}

/** Any physics. */
type AnyPhysics = Physics<NoiseModel, OperatorKind>;

/**
 * The model that a splitting over time trains: in training the network sees some frames of y and of the physics' mask,
 * as a shorter sequence; in evaluation all of them, without gradients. With `updateParameters` the choice is kept for
 * the loss.
 */
export class FrameSplittingModel<L extends string = string> extends Module implements Adapted<L> {
  readonly adaptedBy: L;
  /** The network R; its weights are this model's weights, under `model.`. */
  readonly model: Reconstructor;
  readonly #settings: FrameSplittingModelSettings<L>;
  #choice: FrameChoice | undefined;

  constructor(model: Reconstructor, settings: FrameSplittingModelSettings<L>) {
    super();
    this.adaptedBy = settings.adaptedBy;
    this.model = settings.dynamicModel ? model : new TimeAveragingNet({ backboneNet: model as Reconstructor & Module });
    this.#settings = settings;
    this.training = model.training;
  }

  /**
   * Reconstructs from some of the frames.
   *
   * @throws ShapeError `shape_mismatch` where y has other frames than the loss was told; ArgumentError
   * `missing_physics`.
   */
  forward(y: Tensor, physics?: AnyPhysics, options: { updateParameters?: boolean; rng?: RandomSource } = {}): Tensor {
    const rng = resolveRng(options.rng, this.#settings.rng);
    if (!this.training) return noGrad(() => this.model.forward(y, physics, { rng }));
    checkFrames(this.adaptedBy, y, this.#settings.generator.imgSize);
    const choice = this.#settings.generator.input(y.shape[0] as number, rng);
    if (options.updateParameters) this.#choice = choice;
    const part = frameSplit(this.adaptedBy, choice, y, physics);
    return this.model.forward(part.y, part.physics(), { rng });
  }

  /**
   * Which frames the network saw, for each image, in the last pass with `updateParameters`.
   *
   * @throws ArgumentError `missing_argument` where there was none.
   */
  frames(): FrameChoice {
    if (this.#choice) return this.#choice;
    throw new ArgumentError(
      `${this.adaptedBy}: no choice of frames is stored; make xNet with model.train() and model.forward(y, physics, { updateParameters: true }).`,
      "missing_argument",
    );
  }
}

/** Refuses measurements that are no sequences of the expected length. */
function checkFrames(name: string, y: Tensor, imgSize: readonly number[]): void {
  if (y.shape.length === 5 && y.shape[2] === imgSize[1]) return;
  throw new ShapeError(
    `${name}: y has shape [${y.shape.join(", ")}], expected [batch, ${imgSize.join(", ")}], as imgSize says.`,
    "shape_mismatch",
  );
}

/** The chosen frames of measurements under the mask, of the mask itself, and the physics that makes them. */
export function frameSplit(
  name: string,
  choice: FrameChoice,
  y: Tensor,
  physics: AnyPhysics | undefined,
): { y: Tensor; mask: Tensor; physics: () => AnyPhysics } {
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
  // Made when it is asked for, since a mask of zeros makes none.
  const part = () => (physics instanceof SequentialMRI ? new SequentialMRI(options) : new DynamicMRI(options));
  return { y: select(y, choice).mul(mask.ne(0)), mask, physics: part };
}

/** Frames of a sequence, other ones for each image: `[B, C, T, H, W]` to `[B, C, n, H, W]`. */
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
