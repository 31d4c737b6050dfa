import { meanPerImage } from "../functional/index.js";
import { ArgumentError, checkList, checkNumber } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import { LearnedLevel } from "./learned-level.js";
import type { OptionReader } from "./options.js";

/** How noise of neighbours goes together: the reach in pixels, or the coefficients, see {@link correlationOption}. */
export type NoiseCorrelation = number | readonly (readonly number[])[];

/** Farther than this the noise of two pixels has nothing in common. */
const MOST_REACH = 8;

/**
 * A reach from 0 to 8, or a matrix of `2 reach + 1` rows and columns with the correlation of a pixel, in the middle,
 * with those around it: 1 in the middle, between -1 and 1, the same in opposite directions.
 */
export const correlationOption: OptionReader<NoiseCorrelation> = (value, name, key) => {
  if (value === undefined || value === null || typeof value === "number")
    return checkNumber(name, key, value ?? 0, { integer: true, min: 0, max: MOST_REACH });
  const refuse = (what: string): never => {
    throw new ArgumentError(
      `${name}: ${key} ${what}, expected a reach, such as 1, or a square matrix of 2 reach + 1 rows with 1 in the ` +
        "middle and equal values in opposite directions.",
      "invalid_argument",
    );
  };
  if (!Array.isArray(value)) return refuse(`is a ${typeof value}`);
  const rows = checkList(name, key, value as readonly (readonly number[])[], 2 * MOST_REACH + 1);
  const side = rows.length;
  if (side % 2 === 0 || rows.some((row) => !Array.isArray(row) || row.length !== side))
    return refuse(`has ${side} rows that are not all of an odd number of as many values`);
  for (const row of rows) for (const entry of row) checkNumber(name, key, entry, { min: -1, max: 1 });
  const middle = (side - 1) / 2;
  if (rows[middle]?.[middle] !== 1) return refuse("has another value than 1 in the middle");
  if (rows.some((row, i) => row.some((entry, j) => entry !== rows[side - 1 - i]?.[side - 1 - j])))
    return refuse("has different values in opposite directions");
  return rows;
};

/** A distance between two pixels: rows down and columns to the right. */
interface Lag {
  readonly down: number;
  readonly across: number;
  /** Covariance of the noise: the initial one, and the one that is learned. */
  readonly coefficient: number;
  readonly level: LearnedLevel;
}

/** The covariances of noise that is correlated over some pixels, one for each lag other than 0 and its opposite. */
export class LagLevels {
  readonly #lags: readonly Lag[];

  /** @param variance that of a pixel, to which coefficients are relative. */
  constructor(correlation: NoiseCorrelation, variance: number, ascent: { stepSize: number; momentum: number }) {
    const reach = typeof correlation === "number" ? correlation : (correlation.length - 1) / 2;
    const lags: Lag[] = [];
    for (let down = 0; down <= reach; down++) {
      for (let across = down === 0 ? 1 : -reach; across <= reach; across++) {
        const coefficient = typeof correlation === "number" ? 0 : (correlation[reach + down]?.[reach + across] ?? 0);
        const level = new LearnedLevel(coefficient * variance, ascent.stepSize, ascent.momentum);
        lags.push({ down, across, coefficient, level });
      }
    }
    this.#lags = lags;
  }

  /** Whether there is any lag. */
  get any(): boolean {
    return this.#lags.length > 0;
  }

  /**
   * For each lag `sum_i df_i / dy_k / n` over the pairs of pixels i and k at this distance, in both directions, from a
   * probe b and the change d of f along it, `[B, ..., H, W]`: `E b_k d_i = df_i / dy_k`.
   *
   * @returns one tensor `[B]` for each lag.
   */
  divergences(b: Tensor, d: Tensor): Tensor[] {
    const [height = 1, width = 1] = b.shape.slice(-2);
    const leading = b.shape.slice(0, -2).map(() => 0);
    const part = (t: Tensor, top: number, left: number, rows: number, columns: number) =>
      t.slice([...leading, top, left], [...leading.map(() => undefined), top + rows, left + columns]);
    return this.#lags.map(({ down, across }) => {
      const [rows, columns] = [height - down, width - Math.abs(across)];
      if (rows <= 0 || columns <= 0) return meanPerImage(b).mul(0);
      const first = (t: Tensor) => part(t, 0, Math.max(0, -across), rows, columns);
      const second = (t: Tensor) => part(t, down, Math.max(0, across), rows, columns);
      const both = first(b)
        .mul(second(d))
        .add(second(b).mul(first(d)));
      return meanPerImage(both).mul((rows * columns) / (height * width));
    });
  }

  /** `sum of covariance * divergence`; with `variance` of the coefficients times it, else of what was learned. */
  weighted(divergences: readonly Tensor[], variance?: number | Tensor): Tensor {
    return divergences
      .map((divergence, i) => {
        const { coefficient, level } = this.#lags[i] as Lag;
        return variance === undefined ? divergence.mul(level.value) : divergence.mul(variance).mul(coefficient);
      })
      .reduce((a, b) => a.add(b));
  }

  /** A step of each covariance along its divergence term. */
  ascend(divergences: readonly Tensor[]): void {
    for (const [i, divergence] of divergences.entries()) this.#lags[i]?.level.ascend(divergence.mean().mul(2));
  }

  /** What noise of each covariance adds to the bound of the risk: see `RiskBound`. */
  shares(divergences: readonly Tensor[]): (readonly [Tensor, number | Tensor])[] {
    return divergences.map((divergence, i) => [divergence.mean().mul(-2), (this.#lags[i] as Lag).level.value] as const);
  }

  /** Scales all covariances back; they may be below 0. */
  limit(factor: Tensor): void {
    for (const { level } of this.#lags) level.limit(factor, true);
  }

  /** The covariances by lag, `[down, across]`. */
  get values(): { readonly lag: readonly [number, number]; readonly covariance: number | Tensor }[] {
    return this.#lags.map(({ down, across, level }) => ({ lag: [down, across] as const, covariance: level.value }));
  }

  stateDict(prefix: string): Record<string, Tensor> {
    return Object.assign({}, ...this.#lags.map((lag) => lag.level.stateDict(key(prefix, lag))));
  }

  loadStateDict(prefix: string, state: Record<string, Tensor>): void {
    for (const lag of this.#lags) lag.level.loadStateDict(key(prefix, lag), state);
  }
}

const key = (prefix: string, { down, across }: Lag): string => `${prefix}.${down}.${across}.`;
