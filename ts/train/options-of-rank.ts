import { withLocks } from "../io/index.js";
import { ArgumentError, checkInstance, checkOptions, currentPlatform, DTypeError } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { checkTrainerOptions } from "./check-options.js";
import { lossesOfEach } from "./losses-option.js";
import { countOf } from "./matched.js";
import type { TrainOptions } from "./option-groups.js";
import type { TrainerOptions, WeightedLoss } from "./options.js";
import { buffersOf } from "./weights.js";

/** The options of a rank, once they are checked: only the first writes, logs and calls back. */
export function optionsOfRank(options: TrainerOptions): TrainerOptions {
  checkTrainerOptions(options);
  const { group } = options;
  if (!group) return options;
  checkGrouped(options, group);
  if (group.rank === 0) return options;
  const { loggers: _, onProgress: __, onEvaluation: ___, historyPath: ____, best, ...rest } = options;
  if (!best) return rest;
  const { path: _____, ...kept } = best;
  return { ...rest, best: kept };
}

/** The files that a rank writes. */
export function filesOf({ group, checkpoint, best, historyPath }: TrainerOptions): string[] {
  if (group && group.rank > 0) return [];
  return [checkpoint?.path, best?.path, historyPath].filter((path) => path !== undefined);
}

/**
 * Works with the files locked.
 *
 * @throws ArgumentError `file_locked`; `file_unwritable` where one of them is a folder, before any step is lost.
 */
export async function withFiles<T>(files: readonly string[], work: () => Promise<T>): Promise<T> {
  return await withLocks("Trainer", files, async () => {
    const platform = await currentPlatform();
    for (const file of files) {
      const isFolder = await platform.listFolder(file).then(
        () => true,
        () => false,
      );
      if (!isFolder) continue;
      const text = `Trainer: ${file} is a folder, expected the path of a file; name a file in it.`;
      throw new ArgumentError(text, "file_unwritable");
    }
    return await work();
  });
}

/** The signal of the options of a training. */
export function signalOf(options: TrainOptions): AbortSignal | undefined {
  checkOptions("Trainer.train", options, ["signal"]);
  const { signal } = options;
  if (signal !== undefined) checkInstance("Trainer.train", "signal", signal, AbortSignal, "an AbortSignal");
  return signal;
}

/** @throws ArgumentError `invalid_argument`, DTypeError `dtype_mismatch`. */
function checkGrouped(options: TrainerOptions, { size }: NonNullable<TrainerOptions["group"]>): void {
  const { accumulate = 1, optimizer, model } = options;
  if (!Number.isInteger(Math.log2(accumulate)) || accumulate < size) {
    throw new ArgumentError(
      `Trainer: accumulate is ${accumulate} with a group of ${size}, expected a power of two of at least ${size}: ` +
        "the batches of a step, which the ranks share.",
      "invalid_argument",
    );
  }
  checkExchanged([...optimizer.parameters, ...buffersOf(model)]);
  refuseState(lossesOfEach(options.losses, countOf(options)).flat());
}

/** @throws DTypeError `dtype_mismatch` where weights or buffers are not float32. */
export function checkExchanged(tensors: readonly Tensor[]): void {
  const other = tensors.find(({ dtype }) => dtype !== "float32");
  if (!other) return;
  throw new DTypeError(
    `Trainer: a weight or buffer is ${other.dtype}, but ranks exchange float32; convert the model by ` +
      'model.to("float32").',
    "dtype_mismatch",
  );
}

/**
 * Refuses losses that go on from what they learned of the batch before, which may be on another rank.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function refuseState(losses: readonly WeightedLoss[]): void {
  for (const { loss } of losses) {
    const state = loss.stateDict();
    for (const value of Object.values(state)) value.dispose();
    const [name] = Object.keys(state);
    if (name === undefined) continue;
    throw new ArgumentError(
      `Trainer: ${loss.name} learns from batch to batch (${name}), which ranks cannot share; give a fixed value, or ` +
        "train without group.",
      "invalid_argument",
    );
  }
}
