import { Loss } from "../loss/index.js";
import { ArgumentError, checkNumber, shown } from "../runtime/index.js";
import type { Losses, TrainerOptions, WeightedLoss } from "./options.js";

/**
 * Losses with their weights; a plain loss has weight 1.
 *
 * @throws ArgumentError `missing_argument` for an empty list, `invalid_argument` for what is not a loss.
 */
export function weightedLosses(losses: Losses, name = "Trainer: losses"): WeightedLoss[] {
  const list: readonly unknown[] = Array.isArray(losses) ? losses : [losses];
  if (list.length === 0)
    throw new ArgumentError(`${name} is empty, expected at least one loss, such as new SupLoss().`, "missing_argument");
  return list.map((item) => {
    if (item instanceof Loss) return { loss: item, weight: 1 };
    const { loss, weight } = (typeof item === "object" && item !== null ? item : {}) as Partial<WeightedLoss>;
    if (loss instanceof Loss) return { loss, weight: checkNumber(name, `weight of ${loss.name}`, weight) };
    throw new ArgumentError(
      `${name}: got ${shown(item)}, expected losses, such as new SupLoss(), or { loss, weight }.`,
      "invalid_argument",
    );
  });
}

/** The losses of each of `count` data sets: one list for all, or a list of lists with one for each. */
export function lossesOfEach(losses: TrainerOptions["losses"], count: number): WeightedLoss[][] {
  const lists = Array.isArray(losses) ? losses.filter((item) => Array.isArray(item)) : [];
  if (lists.length === 0) {
    const all = weightedLosses(losses as Losses);
    return Array.from({ length: count }, () => all);
  }
  const total = (losses as readonly unknown[]).length;
  if (lists.length !== total || total !== count) {
    throw new ArgumentError(
      `Trainer: losses has ${lists.length} lists among ${total} entries for ${count} data sets; ` +
        "expected either losses, or one list of losses for each data set.",
      "invalid_argument",
    );
  }
  return lists.map((list, i) => weightedLosses(list, `Trainer: losses[${i}]`));
}
