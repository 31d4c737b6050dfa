/** An axis of a chart: where its values are, and which of them are labelled. */
export interface Axis {
  /** The place of a value, from 0 at the low end to 1 at the high end; values beyond the ends are at them. */
  place(value: number): number;
  /** Round values between the ends. */
  readonly ticks: readonly number[];
  /** Values beyond the high end, and below the low end. */
  readonly beyond: { readonly above: readonly number[]; readonly below: readonly number[] };
  /** The ends. */
  readonly low: number;
  readonly high: number;
}

/** What an axis shows. */
export interface AxisOptions {
  /** About so many ticks. */
  readonly count: number;
  /** Whether the few values far from all others, such as the first losses, may lie beyond the ends. Default: false. */
  readonly robust?: boolean;
}

/** Equal differences at equal distances. */
export function linearAxis(values: readonly number[], { count, robust = false }: AxisOptions): Axis {
  const [low, high] = range(robust ? withoutOutliers(values) : values);
  return axis(values, low, high, (value) => value, linearTicks(low, high, count));
}

/** Equal ratios at equal distances; of values above 0. */
export function logarithmicAxis(values: readonly number[], { count }: AxisOptions): Axis {
  const [first, last] = range(values.map(Math.log10));
  const [low, high] = [10 ** first, 10 ** last];
  return axis(values, low, high, Math.log10, logarithmicTicks(low, high, count));
}

function axis(
  values: readonly number[],
  low: number,
  high: number,
  scale: (value: number) => number,
  ticks: readonly number[],
): Axis {
  const [from, to] = [scale(low), scale(high)];
  const slack = 1e-9 * Math.abs(high - low);
  return {
    place: (value) => Math.min(1, Math.max(0, (scale(value) - from) / (to - from))),
    ticks,
    beyond: {
      above: values.filter((value) => value > high + slack),
      below: values.filter((value) => value < low - slack),
    },
    low,
    high,
  };
}

/** The values that an axis is made for, without the outer tenth at an end where that takes most of the axis. */
function withoutOutliers(values: readonly number[]): readonly number[] {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length < 5) return values;
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] as number;
  const [low, high, tenth, ninth] = [at(0), at(1), at(0.1), at(0.9)];
  const spread = 3 * (ninth - tenth);
  // A margin, so that what remains does not end at the border.
  const [from, to] = [
    low < tenth - spread ? tenth - spread / 10 : low,
    high > ninth + spread ? ninth + spread / 10 : high,
  ];
  return [from, to];
}

/** Smallest and largest value, widened where they are equal to nine digits. */
function range(values: readonly number[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  if (low > high) return [0, 1];
  // Of values that are equal but for rounding no axis can be divided.
  return high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high)) ? [low, high] : [low - 0.5, high + 0.5];
}

/** About `count` round numbers between two bounds. */
function linearTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10) * power;
  const [first, last] = [Math.ceil(low / step - 1e-9), Math.floor(high / step + 1e-9)];
  // A range without end has no ticks.
  const found = Number.isFinite(last - first) ? Math.max(0, last - first + 1) : 0;
  return Array.from({ length: found }, (_, i) => (first + i) * step);
}

/** Powers of ten, with their multiples by 2 and 5 where these are few; within less than a factor of 2 as on a line. */
function logarithmicTicks(low: number, high: number, count: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low) - 1e-9), Math.ceil(Math.log10(high) + 1e-9)];
  const within = (value: number): boolean => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  // A number is read from its text: 10 ** -5 is not 1e-5.
  const ticks = (factors: readonly number[]): number[] =>
    powers.flatMap((power) => factors.map((factor) => Number(`${factor}e${power}`))).filter(within);
  const decades = ticks([1]);
  if (decades.length >= 4) return decades.filter((_, i) => i % Math.ceil(decades.length / (count + 1)) === 0);
  const found = [[1, 2, 5], [1, 3], [1]].map(ticks).find((each) => each.length <= count + 2) ?? decades;
  return found.length >= 2 ? found : linearTicks(low, high, count);
}

/** A short text of a tick. */
export function tickText(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2).replace(/\.?0+e\+?/, "e");
  return String(Number(value.toPrecision(4)));
}
