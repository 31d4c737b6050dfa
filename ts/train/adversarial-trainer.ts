import type { Batch } from "../data/index.js";
import type { Loss } from "../loss/index.js";
import { type Layer, Module } from "../nn/index.js";
import type { Optimizer, OptimizerState, Schedule, ScheduleState } from "../optim/index.js";
import { ArgumentError, checkNumber, checkOptions, FormatError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { adversarialStep, type DiscriminatorContext } from "./adversarial-step.js";
import { TRAINER_KEYS, type TrainerOptions, type WeightedLoss, weightedLosses } from "./options.js";
import type { StepContext } from "./step.js";
import { Trainer, uniqueNames } from "./trainer.js";

/** Options of {@link AdversarialTrainer}, besides those of {@link Trainer}, which are the generator's. */
export interface AdversarialTrainerOptions extends TrainerOptions {
  /** The discriminator: images or measurements `[B, ...]` to scores `[B, ...]`. */
  D: Layer;
  /** What the discriminator minimises. */
  lossesD: Loss | readonly (Loss | WeightedLoss)[];
  /** Made with `D.parameters()`. */
  optimizerD: Optimizer;
  /** Learning-rate schedule of the discriminator; steps when `scheduleEvery` says. */
  scheduleD?: Schedule;
  /** Steps of the discriminator for each step of the generator. Default 1. */
  stepRatioD?: number;
}

const OWN = ["D", "lossesD", "optimizerD", "scheduleD", "stepRatioD"] as const;

/** What the discriminator adds to a checkpoint. */
interface DiscriminatorState {
  D: Record<string, Tensor>;
  optimizer: OptimizerState;
  schedule: ScheduleState | null;
  losses: Record<string, Tensor>[];
}

/**
 * Trains a reconstruction network, the generator, against a discriminator.
 *
 * Each step: reconstruct; one step of the generator; `stepRatioD` steps of the discriminator on the same
 * reconstruction. Every loss is given `D`. A gradient limit holds for each of the two. Checkpoints hold both networks,
 * optimisers and schedules: a resumed run ends with the bits of an uninterrupted one. The history has the
 * discriminator's losses under `discriminator`, which {@link trainingCharts} draws.
 */
export class AdversarialTrainer extends Trainer {
  readonly #critic: DiscriminatorContext;
  readonly #schedule: Schedule | undefined;
  protected override readonly furtherValues: readonly string[];

  /** @throws ArgumentError `unknown_option`, `missing_argument`, `invalid_argument`, `empty_data`. */
  constructor(options: AdversarialTrainerOptions) {
    checkOptions("AdversarialTrainer", options, [...TRAINER_KEYS, ...OWN]);
    const { D, lossesD, optimizerD, scheduleD, stepRatioD, ...rest } = options;
    for (const [key, value] of Object.entries({ D, lossesD, optimizerD })) {
      if (value === undefined || value === null)
        throw new ArgumentError(`AdversarialTrainer: ${key} is missing`, "missing_argument");
    }
    if (!(D instanceof Module) || typeof (D as Partial<Layer>).forward !== "function") {
      throw new ArgumentError(
        "AdversarialTrainer: D must be a network, such as new nn.PatchGANDiscriminator({ inputNc: 1 })",
        "invalid_argument",
      );
    }
    const losses = weightedLosses(lossesD);
    if (losses.length === 0)
      throw new ArgumentError("AdversarialTrainer: lossesD is empty, expected at least one", "missing_argument");
    const steps = checkNumber("AdversarialTrainer", "stepRatioD", stepRatioD ?? 1, { integer: true, min: 1 });
    if (optimizerD.parameters.some((parameter) => rest.optimizer?.parameters.includes(parameter))) {
      throw new ArgumentError(
        "AdversarialTrainer: optimizer and optimizerD share parameters; make one with model.parameters(), the other with D.parameters()",
        "invalid_argument",
      );
    }
    super(rest);
    this.#critic = { D, losses, optimizer: optimizerD, steps };
    this.#schedule = scheduleD;
    this.furtherValues = ["total", ...uniqueNames(losses.map(({ loss }) => loss.name))];
  }

  protected override stepOn(batch: Batch, context: StepContext): Tensor {
    this.#critic.D.train();
    return adversarialStep(batch, context, this.#critic);
  }

  protected override stepSchedules(): void {
    super.stepSchedules();
    this.#schedule?.step();
  }

  protected override furtherState(): DiscriminatorState {
    const { D, optimizer, losses } = this.#critic;
    return {
      D: D.stateDict(),
      optimizer: optimizer.stateDict(),
      schedule: this.#schedule?.stateDict() ?? null,
      losses: losses.map(({ loss }) => loss.stateDict()),
    };
  }

  protected override checkFurtherState(state: unknown, path: string): void {
    const given = state as Partial<DiscriminatorState> | null;
    if (!given?.D || !given.optimizer || given.losses?.length !== this.#critic.losses.length) {
      throw new FormatError(
        `${path}: the checkpoint is not of an AdversarialTrainer with ${this.#critic.losses.length} losses of the discriminator`,
        "checkpoint_invalid",
      );
    }
  }

  protected override loadFurtherState(given: unknown): void {
    const state = given as DiscriminatorState;
    const { D, optimizer, losses } = this.#critic;
    D.loadStateDict(state.D);
    optimizer.loadStateDict(state.optimizer);
    if (state.schedule !== null) this.#schedule?.loadStateDict(state.schedule);
    losses.forEach(({ loss }, index) => loss.loadStateDict(state.losses[index] as Record<string, Tensor>));
  }
}
