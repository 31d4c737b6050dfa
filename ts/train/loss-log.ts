import { cat, noGrad, type Tensor } from "../tensor/index.js";
import type { HistoryEntry } from "./history.js";
import type { Progress } from "./progress.js";
import type { Ranks } from "./ranks.js";

/** What a value of a {@link Report} is. */
export interface Column {
  /** The weighted sum, one of the losses, a further value of a subclass of the Trainer, or the metric. */
  readonly group: "total" | "loss" | "extra" | "metric";
  readonly name: string;
}

/** The values of one batch, on the device. */
export interface Report {
  readonly columns: readonly Column[];
  /** One value for each column. */
  readonly values: Tensor;
  /** For each loss the names of the losses that it used: a scheduler's choice; empty for other losses. */
  readonly active: readonly (readonly string[])[];
}

/** What a batch of a step reports, by its place among those of the step. */
export interface PlacedReport {
  readonly place: number;
  readonly report: Report;
}

/** A report that was read back: plain data. */
interface ReadReport extends Omit<Report, "values"> {
  readonly step: number;
  readonly place: number;
  readonly values: readonly number[];
}

/** Means over the steps since the last reading. */
export interface LossMeans {
  readonly total: number;
  /** Each loss, unweighted, over the batches that it was used for. */
  readonly losses: Record<string, number>;
  /** Values that a subclass of the Trainer reports after the losses. */
  readonly extra: Record<string, number>;
  /** Number of steps in which a scheduler used each of its losses. */
  readonly active: Record<string, number>;
  /** The metric of the last batch on which it was measured. */
  readonly metric: number | undefined;
}

/** Collects the values of training steps on the device and reads them back together. */
export class LossLog {
  readonly #ranks: Ranks;
  #pending: (PlacedReport & { readonly step: number })[] = [];

  constructor(ranks: Ranks) {
    this.#ranks = ranks;
  }

  /** Adds what a batch of a step reports. */
  add(step: number, report: PlacedReport): void {
    this.#pending.push({ step, ...report });
  }

  /**
   * Reads the values back and frees them, of all ranks; `undefined` where there are none.
   *
   * @returns the means, or which value of which step is not finite.
   */
  async read(): Promise<LossMeans | { readonly nonFinite: string } | undefined> {
    const rows = await this.#ranks.gathered(await this.#readOwn());
    if (rows.length === 0) return undefined;
    rows.sort((a, b) => a.step - b.step || a.place - b.place);
    const sums = { total: new Means(), loss: new Means(), extra: new Means(), metric: new Means() };
    let metric: number | undefined;
    for (const row of rows) {
      const nonFinite = describeNonFinite(row);
      if (nonFinite !== undefined) return { nonFinite };
      for (const [column, { group, name }] of row.columns.entries()) {
        sums[group].add(name, row.values[column] as number);
        if (group === "metric") metric = row.values[column];
      }
    }
    return {
      total: sums.total.values()["total"] as number,
      losses: sums.loss.values(),
      extra: sums.extra.values(),
      active: counts(rows.flatMap(({ active }) => active.flat())),
      metric,
    };
  }

  async #readOwn(): Promise<ReadReport[]> {
    const pending = this.#pending;
    this.#pending = [];
    let all: Tensor | undefined;
    try {
      if (pending.length === 0) return [];
      // One reading of all steps: each waits for the device.
      all = noGrad(() =>
        cat(
          pending.map(({ report }) => report.values),
          0,
        ),
      );
      const read = [...(await all.data())];
      return pending.map(({ step, place, report: { columns, active } }) => ({
        step,
        place,
        columns,
        active,
        values: read.splice(0, columns.length),
      }));
    } finally {
      all?.dispose();
      for (const { report } of pending) report.values.dispose();
    }
  }

  /** Frees the values that were not read. */
  dispose(): void {
    for (const { report } of this.#pending) report.values.dispose();
    this.#pending = [];
  }
}

/** Means of values by name, in the order of their first occurrence. */
class Means {
  readonly #sums = new Map<string, { sum: number; count: number }>();

  add(name: string, value: number): void {
    const { sum, count } = this.#sums.get(name) ?? { sum: 0, count: 0 };
    this.#sums.set(name, { sum: sum + value, count: count + 1 });
  }

  values(): Record<string, number> {
    return Object.fromEntries([...this.#sums].map(([name, { sum, count }]) => [name, sum / count]));
  }
}

/** `SupLoss is NaN at step 3`, or undefined where all losses of the step are finite. */
function describeNonFinite({ values: row, columns, active, step }: ReadReport): string | undefined {
  // A metric may have no value. The total comes last: the loss that made it non-finite is the more useful name.
  const order = [...columns.keys()].filter((i) => columns[i]?.group !== "metric");
  const found = [...order.slice(1), 0].find((column) => !Number.isFinite(row[column]));
  if (found === undefined) return undefined;
  const { group, name } = columns[found] as Column;
  const used = group === "loss" ? (active[found - 1] ?? []) : [];
  const label = group === "extra" ? `discriminator ${name}` : name;
  return `${label}${used.length > 0 ? ` (${used.join(" + ")})` : ""} is ${row[found] as number} at step ${step}`;
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
