import type { LossArgs } from "../loss/index.js";
import { type Layer, Module, type Reconstructor } from "../nn/index.js";
import { Optimizer, type OptimizerState, Schedule, type ScheduleState } from "../optim/index.js";
import { ArgumentError, checkNumber, checkOptions, FormatError, checkKind, hasMethods } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { adversarialPlan, type Discriminator } from "./adversarial-step.js";
import { TRAINER_KEYS } from "./check-options.js";
import { uniqueNames } from "./loss-log.js";
import { weightedLosses } from "./losses-option.js";
import { list } from "./matched.js";
import type { AnyPhysics, Examples, Losses, LossesOption, OneOrMore, TrainerOptions } from "./options.js";
import { checkExchanged, refuseState } from "./options-of-rank.js";
import type { Paired, PairedOptions } from "./pairing.js";
import type { StepPlan } from "./step-plan.js";
import { Trainer } from "./trainer.js";

/** Options of {@link AdversarialTrainer}: those of {@link Trainer} for the generator, and the discriminator's. */
export interface AdversarialTrainerOptions extends TrainerOptions {
  /** The discriminator: maps images or measurements `[B, ...]` to scores `[B, ...]`. */
  D: Layer;
  /** Losses of the discriminator. */
  lossesD: Losses;
  /** Optimiser of `D.parameters()`. */
  optimizerD: Optimizer;
  /** Learning-rate schedule of the discriminator; advanced as often as `scheduleEvery` says. Default: constant rate. */
  scheduleD?: Schedule;
  /** Discriminator steps per generator step. Default: 1. */
  stepRatioD?: number;
}

/** The options with the types of what belongs together, as {@link PairedOptions}. */
export type PairedAdversarialOptions<L, P, D, M, LD> = PairedOptions<L, P, D, M> &
  Omit<AdversarialTrainerOptions, keyof TrainerOptions | "lossesD"> & {
    /** Losses of the discriminator. */
    lossesD: Paired<LD, P, D, M>;
  };

const DISCRIMINATOR_KEYS = Object.keys({
  D: true,
  lossesD: true,
  optimizerD: true,
  scheduleD: true,
  stepRatioD: true,
} satisfies Record<Exclude<keyof AdversarialTrainerOptions, keyof TrainerOptions>, true>);

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
 * reconstruction. Every loss is given `D`. `gradClip` applies to each network separately. Checkpoints hold both
 * networks, optimisers and schedules: a resumed run is bit-identical to an uninterrupted one. History holds the
 * discriminator's losses under `discriminator`; {@link trainingCharts} draws them.
 */
export class AdversarialTrainer<
  const L extends LossesOption = LossesOption,
  const P extends OneOrMore<AnyPhysics> = OneOrMore<AnyPhysics>,
  const D extends OneOrMore<Examples> = OneOrMore<Examples>,
  M extends Reconstructor = Reconstructor,
  const LD extends Losses = Losses,
> extends Trainer<L, P, D, M> {
  readonly #discriminator: Discriminator;
  readonly #schedule: Schedule | undefined;

  /**
   * @throws ArgumentError `unknown_option`, `missing_argument`, `invalid_argument`, `incompatible_physics`,
   * `model_not_adapted`, `empty_data`.
   */
  constructor(given: PairedAdversarialOptions<L, P, D, M, LD>) {
    const options = given as AdversarialTrainerOptions;
    checkOptions("AdversarialTrainer", options, [...TRAINER_KEYS, ...DISCRIMINATOR_KEYS]);
    const { D, lossesD, optimizerD, scheduleD, stepRatioD, ...generator } = options;
    for (const [key, value] of Object.entries({ D, lossesD, optimizerD })) {
      if (value === undefined || value === null)
        throw new ArgumentError(`AdversarialTrainer: ${key} is missing.`, "missing_argument");
    }
    checkKind("AdversarialTrainer", "D", D, {
      expected: "a network, such as new nn.PatchGANDiscriminator({ inputNc: 1 })",
      fits: (value) => value instanceof Module && hasMethods(value, ["forward"]),
    });
    checkKind("AdversarialTrainer", "optimizerD", optimizerD, {
      expected: "an optimiser, such as new optim.Adam(D.parameters(), { lr: 1e-3 })",
      fits: (value) => value instanceof Optimizer,
    });
    checkKind("AdversarialTrainer", "scheduleD", scheduleD, {
      expected: "a schedule, such as new optim.StepLR(optimizerD, { stepSize: 10 })",
      fits: (value) => value === undefined || value instanceof Schedule,
    });
    const losses = weightedLosses(lossesD, "AdversarialTrainer: lossesD");
    const steps = checkNumber("AdversarialTrainer", "stepRatioD", stepRatioD === undefined ? 1 : stepRatioD, {
      integer: true,
      min: 1,
    });
    if (optimizerD.parameters.some((parameter) => generator.optimizer?.parameters?.includes(parameter))) {
      throw new ArgumentError(
        "AdversarialTrainer: optimizer and optimizerD share parameters; " +
          "make one with model.parameters(), the other with D.parameters().",
        "invalid_argument",
      );
    }
    super(generator as PairedOptions<L, P, D, M>);
    for (const physics of list(generator.physics)) for (const { loss } of losses) loss.checkPhysics(physics);
    if (generator.group) {
      checkExchanged([...optimizerD.parameters, ...D.buffers()]);
      refuseState(losses);
    }
    const names = uniqueNames(losses.map(({ loss }) => loss.name));
    this.#discriminator = { D, losses, names, optimizer: optimizerD, steps };
    this.#schedule = scheduleD;
  }

  protected override stepPlan(): StepPlan {
    return adversarialPlan(super.stepPlan(), this.#discriminator);
  }

  protected override evaluationArgs(): Partial<LossArgs> {
    const { D } = this.#discriminator;
    D.eval();
    return { D };
  }

  protected override stepSchedules(): void {
    super.stepSchedules();
    this.#schedule?.step();
  }

  protected override extraState(): DiscriminatorState {
    const { D, optimizer, losses } = this.#discriminator;
    return {
      D: D.stateDict(),
      optimizer: optimizer.stateDict(),
      schedule: this.#schedule?.stateDict() ?? null,
      losses: losses.map(({ loss }) => loss.stateDict()),
    };
  }

  protected override loadExtraState(given: unknown, path: string): void {
    const state = given as Partial<DiscriminatorState> | null;
    const { D, optimizer, losses } = this.#discriminator;
    if (!state?.D || !state.optimizer || state.losses?.length !== losses.length) {
      throw new FormatError(
        `${path}: the checkpoint is not of an AdversarialTrainer with ${losses.length} discriminator losses.`,
        "checkpoint_invalid",
      );
    }
    D.loadStateDict(state.D);
    optimizer.loadStateDict(state.optimizer);
    if (state.schedule) this.#schedule?.loadStateDict(state.schedule);
    for (const [index, { loss }] of losses.entries()) loss.loadStateDict(state.losses[index] as Record<string, Tensor>);
  }
}
