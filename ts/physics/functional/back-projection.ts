import { Constant } from "./constant.js";

/** Filters of the filtered back-projection. */
export const PROJECTION_FILTERS = ["ramp", "shepp-logan", "cosine", "hann"] as const;

/** The name of a filter of the filtered back-projection. */
export type ProjectionFilter = (typeof PROJECTION_FILTERS)[number];

/** Angles closer than this, in degrees, are one direction, as float32 rounds 179.9 by 1e-5. */
const SAME_DIRECTION = 1e-4;

/** Views whose weights differ by at most this fraction are equally spaced, as float32 rounds a quarter degree. */
const EQUAL_WEIGHTS = 1e-3;

/**
 * The weight of each view in an integral over half a turn, in radians; they sum to pi. Undefined where all are equal,
 * pi over the number of views.
 *
 * Directions are angles modulo 180 degrees. The weight of a direction is half the gap to each of its neighbours (the
 * trapezoidal rule on the circle of directions), shared by the views of this direction. The widest gap counts as no
 * wider than the second widest, and weights are scaled to the sum pi: where the views cover less than half a turn, the
 * missing directions are not attributed to the two views at their ends.
 */
export function viewWeights(degrees: readonly number[]): readonly number[] | undefined {
  const angles = degrees.map((angle) => ((angle % 180) + 180) % 180);
  const order = angles.map((_, i) => i).sort((i, j) => (angles[i] as number) - (angles[j] as number));
  const groups: { angle: number; views: number[] }[] = [];
  for (const i of order) {
    const [angle, last] = [angles[i] as number, groups.at(-1)];
    if (last && angle - last.angle < SAME_DIRECTION) last.views.push(i);
    else groups.push({ angle, views: [i] });
  }
  const [first, last] = [groups[0], groups.at(-1)];
  if (first && last && first !== last && first.angle + 180 - last.angle < SAME_DIRECTION) {
    first.views.push(...last.views);
    groups.pop();
  }
  const n = groups.length;
  const gapAfter = groups.map(({ angle }, i) => ((groups[(i + 1) % n]?.angle ?? 0) - angle + 180) % 180 || 180);
  const widest = [...gapAfter].sort((a, b) => b - a)[Math.min(1, n - 1)] as number;
  const gaps = gapAfter.map((gap) => Math.min(gap, widest));
  const total = gaps.reduce((a, b) => a + b, 0);
  const weights = new Array<number>(degrees.length).fill(0);
  groups.forEach(({ views }, i) => {
    const cell = ((gaps[i] as number) + (gaps[(i + n - 1) % n] as number)) / 2;
    for (const view of views) weights[view] = (Math.PI * cell) / (total * views.length);
  });
  const equal = Math.PI / degrees.length;
  return weights.every((w) => Math.abs(w - equal) <= EQUAL_WEIGHTS * equal) ? undefined : weights;
}

/**
 * Convolution of projections with a filter as a matrix, `[detectors, detectors]`.
 *
 * With `f` the frequency in cycles per detector, the filter is the ramp `2 |f|`, whose taps are `h(0) = 1/2`,
 * `h(n) = -2 / (pi n)^2` for odd `n`, else 0, times a window: for "shepp-logan" `sin(pi f) / (pi f)`, for "cosine"
 * `cos(pi f)`, for "hann" `(1 + cos(2 pi f)) / 2`. Windows are sampled as in scikit-image, at the frequencies of
 * projections padded to `size`, a power of 2 of at least 64 and twice the detectors; the Hann window has its zeros at
 * both ends of `size` points.
 */
export function projectionFilter(name: ProjectionFilter, detectors: number): Constant {
  let taps: readonly number[] | undefined;
  return new Constant(() => {
    taps ??= filterTaps(name, detectors);
    const values = new Float64Array(detectors * detectors);
    for (let i = 0; i < detectors; i++)
      for (let j = 0; j < detectors; j++) values[i * detectors + j] = taps[Math.abs(i - j)] as number;
    return values;
  }, [detectors, detectors]);
}

/** The tap `h(n)` of the ramp. */
const rampTap = (n: number): number => (n === 0 ? 0.5 : n % 2 === 0 ? 0 : -2 / (Math.PI * n) ** 2);

/** Half of the symmetric taps `h(0), ..., h(detectors - 1)`. */
function filterTaps(name: ProjectionFilter, detectors: number): readonly number[] {
  if (name === "ramp") return Array.from({ length: detectors }, (_, n) => rampTap(n));
  const size = Math.max(64, 2 ** Math.ceil(Math.log2(2 * detectors)));
  const half = size / 2;
  const cosines = Float64Array.from({ length: size }, (_, i) => Math.cos((2 * Math.PI * i) / size));
  const cosine = (k: number, n: number): number => cosines[(k * n) % size] as number;
  // The response at k / size cycles per detector, of taps that are even in n: h(0) + 2 sum h(n) cos(2 pi k n / size).
  const response = Float64Array.from({ length: half + 1 }, (_, k) => {
    let sum = 0;
    for (let n = 1; n < half; n += 2) sum += rampTap(n) * cosine(k, n);
    return (0.5 + 2 * sum) * windowAt(name, k, size);
  });
  return Array.from({ length: detectors }, (_, n) => {
    let sum = (response[0] as number) + (response[half] as number) * cosine(half, n);
    for (let k = 1; k < half; k++) sum += 2 * (response[k] as number) * cosine(k, n);
    return sum / size;
  });
}

/** A window at the frequency `k / size`, `0 <= k <= size / 2`. */
function windowAt(name: ProjectionFilter, k: number, size: number): number {
  const f = k / size;
  if (name === "shepp-logan") return k === 0 ? 1 : Math.sin(Math.PI * f) / (Math.PI * f);
  if (name === "cosine") return Math.cos(Math.PI * f);
  if (k === size / 2) return 0;
  // Of a window of `size` points only the even part acts on real projections: the mean of those at k and -k.
  return (1 + Math.cos(Math.PI / (size - 1)) * Math.cos((2 * Math.PI * k) / (size - 1))) / 2;
}
