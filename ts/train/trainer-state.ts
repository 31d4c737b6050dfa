import type { LoaderState } from "../data/index.js";
import type { StateDict } from "../nn/index.js";
import type { OptimizerState, ScheduleState } from "../optim/index.js";
import { ArgumentError, FormatError } from "../runtime/index.js";
import { Tensor } from "../tensor/index.js";
import { disposeState, loadState } from "./checkpoint.js";
import type { HistoryEntry } from "./history.js";
import type { ResultWeightsState } from "./result-weights.js";
import type { TrainingDataState } from "./training-data.js";

/** What a Trainer's checkpoint holds. The keys are part of the file format. */
export interface TrainerState {
  step: number;
  epoch: number;
  /** The weights after the last step. */
  model: StateDict;
  optimizer: OptimizerState;
  schedule: ScheduleState | null;
  losses: Record<string, Tensor>[];
  /** What a subclass of the Trainer adds. */
  further: unknown;
  rng: string;
  evalRng: string;
  data: TrainingDataState;
  history: HistoryEntry[];
  result: ResultWeightsState;
  stopped: boolean;
  /** The number of the epoch that an evaluation is due for; an abort can end one early. */
  due: number | null;
}

/** What differed in version 1: one data set, measured anew at each step, and no best or averaged weights. */
interface FirstVersion extends Omit<TrainerState, "data" | "result" | "due"> {
  loader: LoaderState;
  best: number | null;
  sinceBest: number;
}

/** The part of a training that a checkpoint must fit. */
export interface Expected {
  /** Number of losses. */
  readonly losses: number;
  /** The seeds of measurements, which version 1 does not have. */
  readonly seeds: readonly number[];
}

/**
 * Reads a Trainer's checkpoint.
 *
 * @throws ArgumentError `file_not_found`, `invalid_argument` where the number of losses or data sets differs.
 * @throws FormatError `checkpoint_invalid`, `safetensors_...`.
 */
export async function loadTrainerState(path: string, expected: Expected): Promise<TrainerState> {
  return checkedState(await loadState(path), path, expected);
}

/** A state that was read, or the error of {@link loadTrainerState}; then its tensors are freed. */
export function checkedState(given: unknown, path: string, expected: Expected): TrainerState {
  const read = given as TrainerState | FirstVersion;
  try {
    const isObject = typeof read === "object" && read !== null;
    const state = isObject && "loader" in read ? fromFirstVersion(read, expected) : (read as TrainerState);
    // Version 2 wrote no checkpoint within an evaluation.
    if (isObject && state.due === undefined) state.due = null;
    checkParts(state, path);
    for (const [what, found, wanted] of [
      ["losses", state.losses.length, expected.losses],
      ["data sets", state.data.loaders.length, expected.seeds.length],
    ] as const) {
      if (found === wanted) continue;
      throw new ArgumentError(
        `${path}: the checkpoint is of a training with ${found} ${what}, this one has ${wanted}.`,
        "invalid_argument",
      );
    }
    return state;
  } catch (error) {
    disposeState(read);
    throw error;
  }
}

function fromFirstVersion({ loader, best, sinceBest, ...rest }: FirstVersion, { seeds }: Expected): TrainerState {
  return {
    ...rest,
    due: null,
    data: { turn: 0, seeds: [...seeds], loaders: [loader] },
    result: { average: null, best: null, earlyStopping: { best, sinceBest, name: null } },
  };
}

/** Refuses a state that lacks parts, or has parts of other types. */
function checkParts(state: TrainerState, path: string): void {
  const count = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= 0;
  const object = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
  const weights = (value: unknown): boolean =>
    object(value) && Object.values(value as object).every((entry) => entry instanceof Tensor);
  const parts: Record<string, boolean> = {
    state: object(state),
    step: count(state?.step),
    epoch: count(state?.epoch),
    model: weights(state?.model),
    optimizer: object(state?.optimizer),
    losses: Array.isArray(state?.losses) && state.losses.every(weights),
    rng: typeof state?.rng === "string" && typeof state.evalRng === "string",
    data: object(state?.data) && Array.isArray(state.data.loaders) && state.data.loaders.every(object),
    seeds: Array.isArray(state?.data?.seeds) && state.data.seeds.every(Number.isSafeInteger) && count(state.data.turn),
    history: Array.isArray(state?.history) && state.history.every(object),
    result: object(state?.result),
    average: state?.result?.average === null || weights(state?.result?.average),
    best: state?.result?.best === null || weights(state?.result?.best?.weights),
    stopped: typeof state?.stopped === "boolean",
    due: state?.due === null || count(state?.due),
  };
  const bad = Object.entries(parts).find(([, fits]) => !fits);
  if (!bad) return;
  throw new FormatError(
    `${path}: the checkpoint lacks parts of a Trainer's state (${bad[0]} is missing or of another kind).`,
    "checkpoint_invalid",
  );
}
