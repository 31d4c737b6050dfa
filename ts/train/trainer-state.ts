import type { LoaderState } from "../data/index.js";
import type { OptimizerState, ScheduleState } from "../optim/index.js";
import { ArgumentError, FormatError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { disposeState, loadState } from "./checkpoint.js";
import type { EarlyStoppingState } from "./early-stopping.js";
import type { HistoryEntry } from "./history.js";

/** What a Trainer's checkpoint holds. The keys are part of the file format. */
export interface TrainerState extends EarlyStoppingState {
  step: number;
  epoch: number;
  model: Record<string, Tensor>;
  optimizer: OptimizerState;
  schedule: ScheduleState | null;
  losses: Record<string, Tensor>[];
  /** What a subclass of the Trainer adds. */
  further: unknown;
  rng: string;
  evalRng: string;
  loader: LoaderState;
  history: HistoryEntry[];
  stopped: boolean;
}

/**
 * Reads a Trainer's checkpoint.
 *
 * @throws ArgumentError `file_not_found`, `invalid_argument` where the number of losses differs.
 * @throws FormatError `checkpoint_invalid`, `safetensors_...`.
 */
export async function loadTrainerState(path: string, losses: number): Promise<TrainerState> {
  const state = (await loadState(path)) as TrainerState;
  try {
    if (typeof state?.step !== "number" || !state.model || !state.loader || typeof state.rng !== "string")
      throw new FormatError(`${path}: the checkpoint lacks parts of a Trainer's state.`, "checkpoint_invalid");
    if (state.losses.length !== losses) {
      throw new ArgumentError(
        `${path}: the checkpoint is of a training with ${state.losses.length} losses, this one has ${losses}.`,
        "invalid_argument",
      );
    }
  } catch (error) {
    disposeState(state);
    throw error;
  }
  return state;
}
