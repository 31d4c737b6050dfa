/**
 * A singular value decomposition `A = U diag(s) V^T` of an `m x n` matrix, in row-major order, with `k = min(m, n)`
 * singular values in decreasing order.
 */
export interface Svd {
  /** `[m, k]`, orthonormal columns. */
  readonly u: Float64Array;
  /** `[k]`. */
  readonly s: Float64Array;
  /** `[k, n]`, orthonormal rows. */
  readonly vt: Float64Array;
}

const SWEEPS = 60;

/**
 * Singular value decomposition on the CPU by one-sided Jacobi rotations, accurate to rounding also for small singular
 * values.
 *
 * (Hestenes, "Inversion of matrices by biorthogonalization and related results", 1958.)
 */
export function svd(a: Float64Array, m: number, n: number): Svd {
  if (m > n) {
    const { u, s, vt } = svd(transposed(a, m, n), n, m);
    return { u: transposed(vt, n, m), s, vt: transposed(u, n, n) };
  }
  // Rotations of pairs of rows make all rows orthogonal: w = Q A with Q orthogonal, hence A = Q^T diag(|w|) (w / |w|).
  const w = Float64Array.from(a);
  const q = new Float64Array(m * m);
  for (let i = 0; i < m; i++) q[i * m + i] = 1;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let rotated = false;
    for (let i = 0; i < m; i++) for (let j = i + 1; j < m; j++) rotated = orthogonalise(w, q, m, n, i, j) || rotated;
    if (!rotated) break;
  }
  const lengths = Float64Array.from({ length: m }, (_, i) => Math.sqrt(dot(w, i * n, i * n, n)));
  const order = Array.from(lengths.keys()).sort((i, j) => (lengths[j] as number) - (lengths[i] as number));
  const out: Svd = { u: new Float64Array(m * m), s: new Float64Array(m), vt: new Float64Array(m * n) };
  order.forEach((row, k) => {
    const length = lengths[row] as number;
    out.s[k] = length;
    for (let i = 0; i < m; i++) out.u[i * m + k] = q[row * m + i] as number;
    // A zero row has no direction; zeros are as good, since its singular value is zero.
    if (length > 0) for (let c = 0; c < n; c++) out.vt[k * n + c] = (w[row * n + c] as number) / length;
  });
  return out;
}

function dot(w: Float64Array, at: number, other: number, n: number): number {
  let sum = 0;
  for (let c = 0; c < n; c++) sum += (w[at + c] as number) * (w[other + c] as number);
  return sum;
}

/** Rotates two rows so that they are orthogonal; false where they already are. */
function orthogonalise(w: Float64Array, q: Float64Array, m: number, n: number, i: number, j: number): boolean {
  const [alpha, beta, gamma] = [dot(w, i * n, i * n, n), dot(w, j * n, j * n, n), dot(w, i * n, j * n, n)];
  if (Math.abs(gamma) <= 1e-15 * Math.sqrt(alpha * beta)) return false;
  const zeta = (beta - alpha) / (2 * gamma);
  const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const c = 1 / Math.sqrt(1 + t * t);
  rotate(w, i * n, j * n, n, c, c * t);
  rotate(q, i * m, j * m, m, c, c * t);
  return true;
}

function rotate(w: Float64Array, at: number, other: number, n: number, c: number, s: number): void {
  for (let k = 0; k < n; k++) {
    const [x, y] = [w[at + k] as number, w[other + k] as number];
    w[at + k] = c * x - s * y;
    w[other + k] = s * x + c * y;
  }
}

function transposed(a: Float64Array, rows: number, columns: number): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = a[i * columns + j] as number;
  return out;
}
