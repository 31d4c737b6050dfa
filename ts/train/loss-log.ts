import { BaseLossScheduler } from "../loss/index.js";
import type { Tensor } from "../tensor/index.js";
import type { HistoryEntry } from "./history.js";
import type { Progress, WeightedLoss } from "./options.js";

/** A step whose values have not been read back yet. */
interface PendingStep {
  readonly step: number;
  readonly values: Tensor;
  /** For each loss the names of the losses that it used: a scheduler's choice; empty for other losses. */
  readonly active: readonly (readonly string[])[];
}

/** Means over the steps since the last reading. */
export interface LossMeans {
  readonly total: number;
  /** Each loss, unweighted. */
  readonly losses: Record<string, number>;
  /** Values that a subclass of the Trainer reports after the losses. */
  readonly extra: Record<string, number>;
  /** Number of steps in which a scheduler used each of its losses. */
  readonly active: Record<string, number>;
  /** The metric of the last step, where it was measured. */
  readonly metric: number | undefined;
}

/** Collects the values of training steps on the device and reads them back together. */
export class LossLog {
  readonly #losses: readonly WeightedLoss[];
  #pending: PendingStep[] = [];

  constructor(losses: readonly WeightedLoss[]) {
    this.#losses = losses;
  }

  /** Adds a step's `values`: total, each loss, further values and, where it was measured, the metric. */
  add(step: number, values: Tensor): void {
    const active = this.#losses.map(({ loss }) => (loss instanceof BaseLossScheduler ? loss.active : []));
    this.#pending.push({ step, values, active });
  }

  /**
   * Reads the values back and frees them; `undefined` where there are none.
   *
   * @param extraNames names of the values after the losses.
   * @returns the means, or which value of which step is not finite.
   */
  async read(extraNames: readonly string[]): Promise<LossMeans | { readonly nonFinite: string } | undefined> {
    const pending = this.#pending;
    if (pending.length === 0) return undefined;
    this.#pending = [];
    const rows = await Promise.all(pending.map(({ values }) => values.data()));
    for (const { values } of pending) values.dispose();
    const names = uniqueNames(this.#losses.map(({ loss }) => loss.name));
    const columns = ["total", ...names, ...extraNames.map((name) => `discriminator ${name}`)];
    for (const [index, row] of rows.entries()) {
      const nonFinite = describeNonFinite(row, columns, pending[index] as PendingStep);
      if (nonFinite !== undefined) return { nonFinite };
    }
    const mean = (column: number): number => rows.reduce((sum, row) => sum + (row[column] as number), 0) / rows.length;
    const means = (list: readonly string[], first: number): Record<string, number> =>
      Object.fromEntries(list.map((name, index) => [name, mean(first + index)]));
    return {
      total: mean(0),
      losses: means(names, 1),
      extra: means(extraNames, 1 + names.length),
      active: counts(pending.flatMap(({ active }) => active.flat())),
      metric: rows.at(-1)?.[columns.length],
    };
  }

  /** Frees the values that were not read. */
  dispose(): void {
    for (const { values } of this.#pending) values.dispose();
    this.#pending = [];
  }
}

/** `SupLoss is NaN at step 3`, or undefined where all values of the step are finite. */
function describeNonFinite(
  row: ArrayLike<number>,
  columns: readonly string[],
  { step, active }: PendingStep,
): string | undefined {
  // The total comes last: the loss that made it non-finite is the more useful name.
  const name = [...columns.slice(1), "total"].find((column) => !Number.isFinite(row[columns.indexOf(column)]));
  if (name === undefined) return undefined;
  const column = columns.indexOf(name);
  const used = active[column - 1] ?? [];
  return `${name}${used.length > 0 ? ` (${used.join(" + ")})` : ""} is ${row[column] as number} at step ${step}`;
}

/** What history holds of a reading. */
export function historyEntry(progress: Progress, { active, extra, metric }: LossMeans): HistoryEntry {
  const { step, epoch, loss, losses, metrics, learningRate, imagesPerSecond } = progress;
  return {
    step,
    epoch,
    loss,
    losses,
    ...(Object.keys(active).length > 0 ? { active } : {}),
    ...(Object.keys(extra).length > 0 ? { discriminator: extra } : {}),
    ...(metric === undefined ? {} : { trainMetrics: metrics }),
    learningRate,
    imagesPerSecond: Number(imagesPerSecond.toPrecision(4)),
  };
}

/** Names made distinct: the second `SupLoss` becomes `SupLoss 2`. */
export function uniqueNames(names: readonly string[]): string[] {
  return names.map((name, index) => {
    const before = names.slice(0, index).filter((other) => other === name).length;
    return before === 0 ? name : `${name} ${before + 1}`;
  });
}

/** How often each name occurs. */
function counts(names: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const name of names) found[name] = (found[name] ?? 0) + 1;
  return found;
}
