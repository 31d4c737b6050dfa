// What is computed from times. Nothing here measures or prints.

/** Minimum, median and maximum. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1) };
}

/** Ratios a / b of the rounds, and of the fastest round of each side: on a machine with other work the steadier figure. */
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
 * A committed name that was not measured is an Error, and so is a measured one that nothing is committed for: a check that passes because it compared nothing.
 */
export function slower(measured, committed, margin) {
  for (const [there, other, what] of [[committed, measured, "was not measured"], [measured, committed, "has no committed ratio"]]) {
    const lacking = Object.keys(there).filter((name) => !Number.isFinite(other[name]));
    if (lacking.length > 0) throw new Error(`${lacking.join(", ")} ${what}`);
  }
  return Object.keys(committed).filter((name) => !(measured[name] <= margin * committed[name]));
}

/** How far two sides are apart on one training: losses before and after some steps relative to the first, gradients to their largest entry. */
export function deviation(a, b) {
  if (a.gradient.length !== b.gradient.length) return Number.POSITIVE_INFINITY;
  const scale = Math.max(...a.gradient.map(Math.abs));
  const gradient = Math.max(...a.gradient.map((value, i) => Math.abs(value - b.gradient[i]))) / scale;
  const relative = (x, y) => Math.abs(x - y) / Math.abs(x);
  return Math.max(gradient, relative(a.loss, b.loss), relative(a.after, b.after));
}
