import type { GoldenCase, Values } from "./format.js";

/**
 * Refuses values outside the tolerance of the case, `|got - expected| <= atol[key] + rtol |expected|`.
 *
 * @param label - what is compared, such as "value" or "gradient of y".
 * @param key - the tensor's key, which has a tolerance of its own in the case.
 */
export function compare(golden: GoldenCase, label: string, key: string, got: Values, expected: Values): void {
  const atol = golden.tolerance.perTensorAtol[key];
  if (atol === undefined) throw new Error(`${golden.name}: ${label}: the case gives no tolerance for "${key}"`);
  if (!sameShape(got.shape, expected.shape)) {
    throw new Error(
      `${golden.name}: ${label} has shape [${got.shape.join(", ")}], expected [${expected.shape.join(", ")}]`,
    );
  }
  const { rtol } = golden.tolerance;
  let wrong = 0;
  let worst = { excess: -1, text: "" };
  expected.data.forEach((e, i) => {
    const g = got.data[i] ?? NaN;
    const difference = Math.abs(g - e);
    const allowed = atol + rtol * Math.abs(e);
    // NaN is wrong too, hence the negation.
    if (difference <= allowed) return;
    wrong++;
    const excess = Number.isNaN(difference) ? Infinity : difference / allowed;
    if (excess > worst.excess)
      worst = {
        excess,
        text:
          `entry ${i}: got ${g}, expected ${e}, difference ${difference.toExponential(2)}, ` +
          `allowed ${allowed.toExponential(2)}`,
      };
  });
  if (wrong > 0)
    throw new Error(
      `${golden.name}: ${label} is wrong in ${wrong} of ${expected.data.length} entries; worst: ${worst.text}`,
    );
}

/** A scalar is stored with shape [] or [1]. */
function sameShape(got: readonly number[], expected: readonly number[]): boolean {
  if (got.join() === expected.join()) return true;
  const scalar = (shape: readonly number[]) => shape.length === 0 || (shape.length === 1 && shape[0] === 1);
  return scalar(got) && scalar(expected);
}
