/** One sample of a pupil function. */
export interface PupilPoint {
  readonly row: number;
  readonly column: number;
  readonly re: number;
  readonly im: number;
}

/** A smooth cutoff: 1 up to `a`, decreasing to 0 at `a + b`. */
export function bump(x: number, a: number, b: number): number {
  const t = (x - a) / b;
  if (t <= 0) return 1;
  return t >= 1 ? 0 : Math.exp(1 - 1 / (1 - t * t));
}

/**
 * The squared modulus of the Fourier transform of a pupil at `[h, w]` frequencies around `shift`.
 *
 * It is transformed along the rows of the pupil first, and only at these frequencies.
 */
export function pointSpread(
  points: readonly PupilPoint[],
  [rows, columns]: readonly [number, number],
  [h, w]: readonly [number, number],
  shift: readonly [number, number] = [0, 0],
): Float64Array {
  const along = waves(w, columns, shift[1]);
  const across = waves(h, rows, shift[0]);
  // Real and imaginary part of the transform along the rows, [rows, w].
  const [pr, pi] = [new Float64Array(rows * w), new Float64Array(rows * w)];
  for (const { row, column, re, im } of points) {
    for (let v = 0; v < w; v++) {
      const [c, s] = [along.cos[v * columns + column] as number, along.sin[v * columns + column] as number];
      const i = row * w + v;
      pr[i] = (pr[i] as number) + re * c + im * s;
      pi[i] = (pi[i] as number) + im * c - re * s;
    }
  }
  return Float64Array.from({ length: h * w }, (_, i) => {
    const [u, v] = [Math.floor(i / w), i % w];
    let [re, im] = [0, 0];
    for (let row = 0; row < rows; row++) {
      const [c, s] = [across.cos[u * rows + row] as number, across.sin[u * rows + row] as number];
      const [a, b] = [pr[row * w + v] as number, pi[row * w + v] as number];
      re += a * c + b * s;
      im += b * c - a * s;
    }
    return re * re + im * im;
  });
}

/**
 * Cosine and sine of `2 pi f p / n` for `count` frequencies f around `shift`, which has index `floor(count / 2)`, and
 * all points p.
 */
function waves(count: number, n: number, shift: number): { cos: Float64Array; sin: Float64Array } {
  const angle = (i: number) => (2 * Math.PI * (Math.floor(i / n) - Math.floor(count / 2) + shift) * (i % n)) / n;
  const size = { length: count * n };
  return {
    cos: Float64Array.from(size, (_, i) => Math.cos(angle(i))),
    sin: Float64Array.from(size, (_, i) => Math.sin(angle(i))),
  };
}
