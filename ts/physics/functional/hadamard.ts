import { Constant } from "./constant.js";

/** Number of ones in the binary form of a number, modulo 2. */
function parity(n: number): number {
  let p = 0;
  for (let v = n; v > 0; v >>= 1) p ^= v & 1;
  return p;
}

/** Whether a number is a power of two. */
export function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(n) && n > 0 && (n & (n - 1)) === 0;
}

/** Hadamard matrix of side `n`, a power of two, in natural order: `H[i, j] = (-1)^(i . j)`, `H = H^T = n H^-1`. */
export function hadamardMatrix(n: number): Constant {
  return new Constant(
    () => Float32Array.from({ length: n * n }, (_, k) => (parity(Math.floor(k / n) & (k % n)) ? -1 : 1)),
    [n, n],
  );
}

/** The row of the Hadamard matrix in natural order that has `k` sign changes, for each `k` below `n`. */
export function sequencyOrder(n: number): number[] {
  const bits = Math.log2(n);
  return Array.from({ length: n }, (_, k) => {
    const gray = k ^ (k >> 1);
    let reversed = 0;
    for (let b = 0; b < bits; b++) reversed |= ((gray >> b) & 1) << (bits - 1 - b);
    return reversed;
  });
}

/** In which order a single-pixel camera shows its patterns. */
export const ORDERINGS = ["sequency", "cake_cutting", "zig_zag", "xy"] as const;
export type Ordering = (typeof ORDERINGS)[number];

/** Indices sorted by increasing key; ties in increasing (1) or decreasing (-1) order. */
function sorted(keys: readonly number[], ties: 1 | -1): number[] {
  return keys.map((_, i) => i).sort((a, b) => (keys[a] as number) - (keys[b] as number) || ties * (a - b));
}

/**
 * Number of blocks of a pattern for each of `count` sequencies, as the "cake-cutting" order counts them:
 * `i, 2 i, ..., p i` for the `i`-th of `p` groups, alternately forwards and backwards. Defined for `count = p^2`; for
 * other counts the remaining patterns come last.
 */
function cakeBlocks(count: number): number[] {
  const p = Math.floor(Math.sqrt(count));
  return Array.from({ length: count }, (_, at) => {
    const [g, k] = [Math.floor(at / p), at % p];
    return g < p ? (g + 1) * (g % 2 === 0 ? k + 1 : p - k) : p * p + at;
  });
}

/**
 * The `H x W` coefficients of the natural-order Hadamard transform by decreasing importance, as positions `row * W +
 * column`.
 *
 * `sequency`: by the sign changes of the pattern read column by column. `cake_cutting`: by the number of its blocks.
 * `zig_zag`: by anti-diagonals of the two-dimensional sequencies, each from its bottom left. `xy`: by `r c + (r^2 +
 * c^2) / 4` of the sequencies `r` and `c`.
 *
 * Papers: Yu, "Super sub-Nyquist single-pixel imaging by means of cake-cutting Hadamard basis sort", 2019;
 * Sun, Meng, Edgar, Padgett, Radwell, "A Russian Dolls ordering of the Hadamard basis for compressive single-pixel
 * imaging", 2017.
 */
export function hadamardOrder(ordering: Ordering, height: number, width: number): number[] {
  const count = height * width;
  if (ordering === "sequency" || ordering === "cake_cutting") {
    const bySequency = sequencyOrder(count);
    // Patterns with equally many blocks have no defined order: that of the higher group comes first.
    const order =
      ordering === "sequency" ? bySequency : sorted(cakeBlocks(count), -1).map((k) => bySequency[k] as number);
    return order.map((k) => (k % height) * width + Math.floor(k / height));
  }
  const [rows, columns] = [sequencyOrder(height), sequencyOrder(width)];
  const keys = Array.from({ length: count }, (_, k) => {
    const [r, c] = [Math.floor(k / width), k % width];
    return ordering === "zig_zag" ? (r + c) * count - r : r * c + (r * r + c * c) / 4;
  });
  return sorted(keys, 1).map((k) => (rows[Math.floor(k / width)] as number) * width + (columns[k % width] as number));
}
