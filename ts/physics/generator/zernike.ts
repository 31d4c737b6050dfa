import { ArgumentError, shown } from "../../runtime/index.js";

/** Radial order n and azimuthal frequency m of a Zernike polynomial. */
export type ZernikeIndex = readonly [n: number, m: number];

/** Largest radial order: the coefficients of higher ones have no exact digits in float64. */
const MAX_ORDER = 40;

/**
 * The pair (n, m) of a single index, in Noll's order (from 1) or that of the ANSI standard (from 0).
 *
 * Paper: Noll, "Zernike polynomials and atmospheric turbulence", 1976.
 */
export function zernikeIndex(index: number, convention: "noll" | "ansi"): ZernikeIndex {
  const first = convention === "noll" ? 1 : 0;
  const most = first + (MAX_ORDER * (MAX_ORDER + 3)) / 2;
  if (!Number.isInteger(index) || index < first || index > most) {
    throw new ArgumentError(
      `DiffractionBlurGenerator: zernikeIndex contains ${index}, expected integers from ${first} to ${most} ` +
        `(${convention}).`,
      "invalid_argument",
    );
  }
  const k = index - first;
  const n = Math.floor((Math.sqrt(8 * k + 1) - 1) / 2);
  if (convention === "ansi") return [n, 2 * k - n * (n + 2)];
  const magnitude = (n % 2) + 2 * Math.floor((index - (n * (n + 1)) / 2 - 1 + ((n + 1) % 2)) / 2);
  return [n, index % 2 === 0 ? magnitude : -magnitude];
}

/** Refuses pairs (n, m) without a polynomial. */
export function checkZernike(index: ZernikeIndex): ZernikeIndex {
  const [n, m] = Array.isArray(index) && index.length === 2 ? (index as ZernikeIndex) : [NaN, NaN];
  if (
    !Number.isInteger(n) ||
    !Number.isInteger(m) ||
    n < 0 ||
    n > MAX_ORDER ||
    Math.abs(m) > n ||
    (n - Math.abs(m)) % 2 !== 0
  ) {
    throw new ArgumentError(
      `DiffractionBlurGenerator: zernikeIndex contains ${shown(index)}, expected ${MAX_ORDER} >= n >= |m| with ` +
        "n - |m| even.",
      "invalid_argument",
    );
  }
  return [n, m];
}

const factorial = (k: number): number => (k < 2 ? 1 : k * factorial(k - 1));

/**
 * The Zernike polynomial Z_n^m as a function on the unit disk, with mean square 1 there:
 * `sqrt(n + 1) R(rho)` for m = 0, else `sqrt(2 n + 2) R(rho)` times `cos(m theta)` (m > 0) or `sin(|m| theta)`.
 */
export function zernike([n, m]: ZernikeIndex): (x: number, y: number) => number {
  const order = Math.abs(m);
  const terms = Array.from({ length: (n - order) / 2 + 1 }, (_, k) => {
    const below = factorial(k) * factorial((n + order) / 2 - k) * factorial((n - order) / 2 - k);
    return [((k % 2 === 0 ? 1 : -1) * factorial(n - k)) / below, n - 2 * k] as const;
  });
  const scale = Math.sqrt(m === 0 ? n + 1 : 2 * (n + 1));
  return (x, y) => {
    const rho = Math.hypot(x, y);
    const theta = Math.atan2(y, x);
    let radial = 0;
    for (const [factor, power] of terms) radial += factor * rho ** power;
    return scale * radial * (m >= 0 ? Math.cos(m * theta) : Math.sin(order * theta));
  };
}
