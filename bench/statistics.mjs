// Statistics of times.

/** Minimum, median and maximum. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1) };
}

/** Ratios a / b of the rounds, and of the fastest rounds, which vary less on a machine with other load. */
export function ratio(a, b) {
  return { ...spread(a.map((time, round) => time / b[round])), fastest: Math.min(...a) / Math.min(...b) };
}

/** The exponent p of y = c x^p: a least-squares fit to the logarithms of [x, y]. */
export function exponent(points) {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)]);
  const mean = (k) => logs.reduce((sum, point) => sum + point[k], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const over = (f) => logs.reduce((sum, point) => sum + f(point), 0);
  return over(([x, y]) => (x - mx) * (y - my)) / over(([x]) => (x - mx) ** 2);
}

/**
 * The names whose ratio is more than `margin` times the committed one; both are ratios by name. Throws if a committed
 * name was not measured or a measured one is not committed: otherwise a check that compared nothing would pass.
 */
export function slower(measured, committed, margin) {
  for (const [there, other, what] of [
    [committed, measured, "was not measured"],
    [measured, committed, "has no committed ratio"],
  ]) {
    const missing = Object.keys(there).filter((name) => !Number.isFinite(other[name]));
    if (missing.length > 0) throw new Error(`${missing.join(", ")} ${what}`);
  }
  return Object.keys(committed).filter((name) => !(measured[name] <= margin * committed[name]));
}

/**
 * The largest difference of a peer's results to ours, numbers and lists by name, each relative to the largest entry of
 * ours. Only what the peer has is compared: some cannot train.
 */
export function deviation(ours, theirs) {
  const apart = (a, b) =>
    a.length === b.length
      ? Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / Math.max(...a.map(Math.abs))
      : Number.POSITIVE_INFINITY;
  return Math.max(...Object.keys(theirs).map((name) => apart([ours[name] ?? []].flat(), [theirs[name]].flat())));
}
