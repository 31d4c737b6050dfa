// What is computed from times. Nothing here measures or prints.

/** Minimum, median and maximum. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1) };
}

/**
 * Ratios a / b of the rounds, and of the fastest round of each side: on a machine with other work the steadier figure.
 */
export function ratio(a, b) {
  return { ...spread(a.map((time, round) => time / b[round])), fastest: Math.min(...a) / Math.min(...b) };
}

/** The exponent p of y = c x^p: least squares through the logarithms of [x, y]. 1: the cost grows as the work does. */
export function exponent(points) {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)]);
  const mean = (k) => logs.reduce((sum, point) => sum + point[k], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  const over = (f) => logs.reduce((sum, point) => sum + f(point), 0);
  return over(([x, y]) => (x - mx) * (y - my)) / over(([x]) => (x - mx) ** 2);
}

/**
 * The names whose ratio is more than `margin` times the committed one; both are objects of ratios by name.
 * A committed name that was not measured is an Error, and so is a measured one that nothing is committed for: a check
 * that passes because it compared nothing.
 */
export function slower(measured, committed, margin) {
  for (const [there, other, what] of [
    [committed, measured, "was not measured"],
    [measured, committed, "has no committed ratio"],
  ]) {
    const lacking = Object.keys(there).filter((name) => !Number.isFinite(other[name]));
    if (lacking.length > 0) throw new Error(`${lacking.join(", ")} ${what}`);
  }
  return Object.keys(committed).filter((name) => !(measured[name] <= margin * committed[name]));
}

/**
 * How far a peer's results are from ours: numbers and lists by name, each relative to the largest entry of ours. Only
 * what the peer has is compared: some cannot train.
 */
export function deviation(ours, theirs) {
  const apart = (a, b) =>
    a.length === b.length
      ? Math.max(...a.map((value, i) => Math.abs(value - b[i]))) / Math.max(...a.map(Math.abs))
      : Number.POSITIVE_INFINITY;
  return Math.max(...Object.keys(theirs).map((name) => apart([ours[name] ?? []].flat(), [theirs[name]].flat())));
}
