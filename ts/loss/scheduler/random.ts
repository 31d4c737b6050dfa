import { ArgumentError, checkNumber } from "../../runtime/index.js";
import type { RandomSource } from "../../random/index.js";
import { tidy } from "../../tensor/index.js";
import { type OptionReaders, readValues, unchecked } from "../options.js";
import { BaseLossScheduler, checkContext, type LossSchedulerOptions, type ScheduleContext } from "./base.js";
import type { NestedLosses } from "./flatten.js";

/** Options of {@link RandomLossScheduler}. */
export interface RandomLossSchedulerOptions<E extends NestedLosses = NestedLosses> extends LossSchedulerOptions<E> {
  /** Probability of each entry up to a common factor, such as `[3, 1]` or `[0.75, 0.25]`. Default: all equal. */
  weightings?: readonly number[];
}

const OPTIONS = {
  weightings: unchecked<readonly number[] | undefined>(),
} satisfies OptionReaders<Omit<RandomLossSchedulerOptions, keyof LossSchedulerOptions>>;

/** Chooses one entry at random in each call, with probabilities proportional to `weightings`. */
export class RandomLossScheduler<E extends NestedLosses = NestedLosses> extends BaseLossScheduler<E> {
  override readonly name: string = "RandomLossScheduler";
  readonly weightings: readonly number[] | undefined;

  /**
   * @throws ArgumentError `invalid_argument` for weightings of another length, below 0 or all 0; those of {@link
   * BaseLossScheduler}.
   */
  constructor(options: RandomLossSchedulerOptions<E>) {
    super(options, Object.keys(OPTIONS));
    const { weightings } = readValues(this.name, options, OPTIONS);
    this.weightings = weightings === undefined ? undefined : checkWeightings(this.name, weightings, this.losses.length);
  }

  override schedule(context: ScheduleContext): readonly NestedLosses[] {
    const { rng } = checkContext(this.name, context);
    return [this.losses[this.#index(rng)] as NestedLosses];
  }

  /** Integer weightings draw a uniform integer below their sum, as deepinv does; others a uniform real number. */
  #index(rng: RandomSource): number {
    const weightings = this.weightings ?? this.losses.map(() => 1);
    const total = weightings.reduce((a, b) => a + b, 0);
    if (!weightings.every(Number.isInteger) || total > 2 ** 24) return rng.choice(weightings.length, weightings);
    // On the CPU: choosing a loss must not wait for a device.
    let left = tidy(() => rng.randint(0, total, [1], { device: "cpu" }).itemSync());
    return weightings.findIndex((weight) => (left -= weight) < 0);
  }
}

function checkWeightings(caller: string, weightings: readonly number[], entries: number): readonly number[] {
  if (!Array.isArray(weightings) || weightings.length !== entries) {
    const got = Array.isArray(weightings)
      ? `${weightings.length} weightings`
      : `weightings of type ${typeof weightings}`;
    throw new ArgumentError(
      `${caller}: ${got} for ${entries} entries of losses, expected one number for each.`,
      "invalid_argument",
    );
  }
  weightings.forEach((weight: unknown, i) => checkNumber(caller, `weightings[${i}]`, weight, { min: 0 }));
  if (weightings.every((weight) => weight === 0))
    throw new ArgumentError(`${caller}: all weightings are 0, expected at least one above 0.`, "invalid_argument");
  return [...(weightings as readonly number[])];
}
