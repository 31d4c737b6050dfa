/** One sample of a pupil function. */
export interface PupilPoint {
  readonly row: number;
  readonly column: number;
  readonly re: number;
  readonly im: number;
}

/** 1 up to `a`, then smoothly down to 0 at `a + b`. */
export function bump(x: number, a: number, b: number): number {
  const t = (x - a) / b;
  if (t <= 0) return 1;
  return t >= 1 ? 0 : Math.exp(1 - 1 / (1 - t * t));
}

/**
 * The squared modulus of the Fourier transform of a pupil, at the `[h, w]` frequencies around 0 (moved by `shift`).
 *
 * The transform is taken along the rows of the pupil first, and only at the frequencies asked for.
 */
export function pointSpread(
  points: readonly PupilPoint[],
  [rows, columns]: readonly [number, number],
  [h, w]: readonly [number, number],
  shift: readonly [number, number] = [0, 0],
): Float64Array {
  const along = waves(w, columns, shift[1]);
  const across = waves(h, rows, shift[0]);
  // partial[row, v]: the sum over the columns of one row of the pupil.
  const [pr, pi] = [new Float64Array(rows * w), new Float64Array(rows * w)];
  for (const { row, column, re, im } of points) {
    for (let v = 0; v < w; v++) {
      const [c, s] = [along.cos[v * columns + column] as number, along.sin[v * columns + column] as number];
      const at = row * w + v;
      pr[at] = (pr[at] as number) + re * c + im * s;
      pi[at] = (pi[at] as number) + im * c - re * s;
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
 * Cosine and sine of `2 pi f p / n` for the `count` frequencies f around `shift` and all points p, 0 being at index
 * `floor(count / 2)`.
 */
function waves(count: number, n: number, shift: number): { cos: Float64Array; sin: Float64Array } {
  const angle = (i: number) => (2 * Math.PI * (Math.floor(i / n) - Math.floor(count / 2) + shift) * (i % n)) / n;
  const size = { length: count * n };
  return {
    cos: Float64Array.from(size, (_, i) => Math.cos(angle(i))),
    sin: Float64Array.from(size, (_, i) => Math.sin(angle(i))),
  };
}
