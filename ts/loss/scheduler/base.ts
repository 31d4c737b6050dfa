import { TensorList } from "../../physics/index.js";
import { checkModel } from "../../nn/index.js";
import { resolveRng, Rng, type RandomSource } from "../../random/index.js";
import type { Reconstructor } from "../../nn/index.js";
import { ArgumentError, checkList, checkNumber, checkObject } from "../../runtime/index.js";
import { tensor, Tensor, zeros, freeOnError, checkTensor } from "../../tensor/index.js";
import type { Assumptions } from "../assumptions.js";
import type { LossArgs } from "../args.js";
import { Loss } from "../loss.js";
import { checkKeys, type OptionReaders, randomStream, readValues, unchecked } from "../options.js";
import { flatten, type LossesIn, type NestedLosses } from "./flatten.js";

/** Options of every scheduler. */
export interface LossSchedulerOptions<E extends NestedLosses = NestedLosses> {
  /** The entries; an entry that is a list is chosen as a whole, and its losses are summed. */
  losses: readonly E[];
  /** Random stream of the choices, unless a call brings its own. */
  rng?: RandomSource;
}

const OPTIONS = {
  losses: unchecked<readonly NestedLosses[] | undefined>(),
  rng: randomStream,
} satisfies OptionReaders<LossSchedulerOptions>;

/** What a schedule may depend on. */
export interface ScheduleContext {
  /**
   * Number of the training epoch, from 0. Reading it throws ArgumentError `missing_argument` where the call has none.
   */
  readonly epoch: number;
  /** Random stream of the choices. */
  readonly rng: RandomSource;
}

/**
 * The context of a schedule.
 *
 * @throws ArgumentError `invalid_argument` where it is none.
 */
export function checkContext(caller: string, context: ScheduleContext): ScheduleContext {
  checkObject(caller, "the context", context);
  return {
    get epoch(): number {
      return checkNumber(caller, "epoch", context.epoch, { integer: true, min: 0 });
    },
    get rng(): RandomSource {
      return resolveRng(context.rng);
    },
  };
}

type Both<U> = (U extends unknown ? (value: U) => void : never) extends (value: infer I) => void ? I : never;

type ArgsEach<L> = L extends Loss ? Parameters<L["forward"]>[0] : never;
type ModelEach<L> = L extends Loss ? ReturnType<L["adaptModel"]> : never;

/** The arguments that all losses in entries of the type `E` accept: the union of what they require. */
export type ScheduledArgs<E extends NestedLosses> = Both<ArgsEach<LossesIn<E>>>;

/** The model that all losses in entries of the type `E` accept. */
export type ScheduledModel<E extends NestedLosses> = Both<ModelEach<LossesIn<E>>>;

/** Entry of the state that holds the random stream given to the constructor; those of losses start with a number. */
const RNG_KEY = "rng";

/**
 * Base class of the schedulers: each call uses some of the losses, chosen by a schedule. Without a `schedule` of its
 * own it uses all of them.
 *
 * `forward` is the sum of the losses that `schedule` returns for this call, 0 where it returns none. A subclass states
 * its `name` and implements `schedule`; see docs/custom.md. A scheduler is a loss, so that schedulers can be nested.
 *
 * @throws ArgumentError `empty_losses`, `recursive_scheduler` (a scheduler or list inside itself), `invalid_argument`
 * (a negative epoch, or a schedule that returns a loss which is not one of its own, to which no model was adapted).
 */
export class BaseLossScheduler<E extends NestedLosses = NestedLosses> extends Loss {
  readonly name: string = "BaseLossScheduler";
  /** None of its own: each loss checks its assumptions when it is used. */
  readonly assumptions: Assumptions = { noise: "any", operator: "any", needs: [], adapted: false };
  /** The entries, as given. */
  readonly losses: readonly E[];
  /** All losses of all entries, each once. */
  readonly allLosses: readonly Loss[];
  #rng: RandomSource | undefined;
  #chosen: readonly Loss[] = [];
  #busy = false;

  constructor(options: LossSchedulerOptions<E>, ownKeys: readonly string[] = []) {
    super();
    const caller = new.target.name;
    checkKeys(caller, options, OPTIONS, ownKeys);
    const { losses, rng } = readValues(caller, options, OPTIONS);
    if (!Array.isArray(losses)) {
      throw new ArgumentError(
        `${caller}: losses is missing; it is a list, such as { losses: [new MCLoss(), new TVLoss()] }.`,
        "missing_argument",
      );
    }
    this.allLosses = [...new Set(flatten(caller, losses as readonly E[]))];
    this.losses = [...(losses as readonly E[])];
    this.#rng = rng;
  }

  /** The losses of this call. */
  schedule(_context: ScheduleContext): readonly NestedLosses[] {
    return this.losses;
  }

  /**
   * Names of the losses of the last call, those of inner schedulers included: "TVLoss", "TVLoss 2" for a second one.
   */
  get active(): readonly string[] {
    return this.#chosen.flatMap((loss) => (loss instanceof BaseLossScheduler ? loss.active : [this.#label(loss)]));
  }

  #label(loss: Loss): string {
    const same = this.allLosses.filter(({ name }) => name === loss.name);
    return same.length > 1 && same[0] !== loss ? `${loss.name} ${same.indexOf(loss) + 1}` : loss.name;
  }

  /** Each loss, used or not, must take the physics. */
  override checkPhysics(physics: unknown): void {
    this.#once(() => {
      for (const loss of this.allLosses) loss.checkPhysics(physics);
    });
  }

  /** The sum of the losses chosen for this call. */
  forward(args: LossArgs & ScheduledArgs<E>): Tensor {
    return freeOnError(() => {
      this.check(args);
      return this.#once(() => {
        this.#chosen = this.#choose(args);
        let total: Tensor | undefined;
        for (const loss of this.#chosen) {
          const value = loss.forward(args);
          total = total ? total.add(value) : value;
        }
        return total ?? zeroPerImage(this.name, args);
      });
    });
  }

  /**
   * The model adapted for all losses, used or not.
   *
   * @throws ArgumentError `model_not_adapted` where two losses each need the model for themselves.
   */
  override adaptModel(model: Reconstructor): Reconstructor & ScheduledModel<E> {
    checkModel(this.name, "model", model);
    return this.#once(() => {
      const adapted = this.allLosses.reduce<Reconstructor>((made, loss) => loss.adaptModel(made), model);
      const own = this.allLosses.filter(({ assumptions }) => assumptions.adapted).map(({ name }) => name);
      const last = (adapted as { adaptedBy?: string }).adaptedBy;
      if (own.some((name) => name !== last)) {
        throw new ArgumentError(
          `${this.name}: ${[...new Set(own)].join(" and ")} each need a model adapted to them alone; train them one ` +
            "after the other.",
          "model_not_adapted",
        );
      }
      return adapted as Reconstructor & ScheduledModel<E>;
    });
  }

  /** The state of every loss, under its index in `allLosses`, and the random stream given to the constructor. */
  override stateDict(): Record<string, Tensor> {
    return this.#once(() => {
      const state: Record<string, Tensor> = {};
      this.allLosses.forEach((loss, i) => {
        for (const [name, value] of Object.entries(loss.stateDict())) state[`${i}.${name}`] = value;
      });
      if (this.#rng)
        state[RNG_KEY] = tensor(
          Float32Array.from(this.#rng.state(), (letter) => letter.charCodeAt(0)),
          { device: "cpu" },
        );
      return state;
    });
  }

  override loadStateDict(state: Record<string, Tensor>): void {
    checkObject(this.name, "state", state);
    this.#once(() => {
      const parts = this.allLosses.map((): Record<string, Tensor> => ({}));
      for (const [key, value] of Object.entries(state)) {
        if (key === RNG_KEY) continue;
        const [, index = "", name = ""] = /^(\d+)\.(.+)$/.exec(key) ?? [];
        const part = parts[Number(index)];
        if (index === "" || !part)
          throw new ArgumentError(`${this.name}: has no state named "${key}".`, "unexpected_key");
        part[name] = value;
      }
      this.allLosses.forEach((loss, i) => loss.loadStateDict(parts[i] as Record<string, Tensor>));
      const source = state[RNG_KEY];
      if (source) this.#rng = Rng.from(String.fromCharCode(...source.dataSync()));
    });
  }

  #choose(args: LossArgs): readonly Loss[] {
    const { epoch } = args;
    if (epoch !== undefined) checkNumber(this.name, "epoch", epoch, { integer: true, min: 0 });
    const { name } = this;
    const entries = this.schedule({
      rng: resolveRng(args.rng, this.#rng),
      get epoch(): number {
        if (epoch === undefined)
          throw new ArgumentError(
            `${name}: epoch is missing; it is the number of the training epoch, from 0.`,
            "missing_argument",
          );
        return epoch;
      },
    });
    checkList(this.name, "what schedule returns", entries);
    const chosen = entries.length === 0 ? [] : flatten(this.name, entries);
    for (const loss of chosen) {
      if (loss === this) throw recursive(this.name);
      if (this.allLosses.includes(loss)) continue;
      throw new ArgumentError(
        `${this.name}: its schedule returns a ${loss.name} that is not one of its losses; give it to the ` +
          "constructor, so that the model is adapted to it.",
        "invalid_argument",
      );
    }
    return chosen;
  }

  /** Runs `fn`; a nested call means that the scheduler contains itself. */
  #once<T>(fn: () => T): T {
    if (this.#busy) throw recursive(this.name);
    this.#busy = true;
    try {
      return fn();
    } finally {
      this.#busy = false;
    }
  }
}

function recursive(name: string): ArgumentError {
  return new ArgumentError(
    `${name}: the scheduler is inside itself; its losses must not contain it.`,
    "recursive_scheduler",
  );
}

/** Zeros, one for each image, without gradient. */
function zeroPerImage(caller: string, { xNet, y, x }: LossArgs): Tensor {
  for (const [name, value] of Object.entries({ xNet, x })) if (value !== undefined) checkTensor(caller, name, value);
  if (y !== undefined && !(y instanceof TensorList)) checkTensor(caller, "y", y);
  const like = xNet ?? x ?? (y instanceof Tensor ? y : y?.at(0));
  return like ? zeros([like.shape[0] ?? 1], { dtype: like.dtype, device: like.device }) : zeros([]);
}
