import { checkNumber, checkSize, LARGEST } from "../../runtime/index.js";
import { tensor, type Tensor } from "../../tensor/index.js";

/** A separable filter `w_i w_j` of sum 1, shape `[1, 1, n, n]`. */
function outer(w: readonly number[]): Tensor {
  const total = w.reduce((a, b) => a + b, 0) ** 2;
  return tensor(
    w.flatMap((a) => w.map((b) => (a * b) / total)),
    { shape: [1, 1, w.length, w.length] },
  );
}

/** The fine pixels within `reach` coarse pixels of the centre, in units of the coarse ones. */
function positions(caller: string, factor: number, reach: number): number[] {
  checkFactor(caller, factor);
  checkSize(caller, "a filter side", 2 * reach * factor, LARGEST.filterSide, "factor");
  return Array.from({ length: 2 * reach * factor }, (_, i) => (i + 0.5 - reach * factor) / factor);
}

function checkFactor(caller: string, factor: number): number {
  return checkNumber(caller, "factor", factor, { integer: true, positive: true });
}

const SIDE = { integer: true, min: 1, max: LARGEST.filterSide } as const;

/**
 * Bilinear (tent) filter for a downsampling factor of at most 1024, shape `[1, 1, 2 factor, 2 factor]`.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function bilinearFilter(factor: number): Tensor {
  return outer(positions("bilinearFilter", factor, 1).map((x) => 1 - Math.abs(x)));
}

/**
 * Bicubic (Keys, a = -1/2) filter for a downsampling factor of at most 512, shape `[1, 1, 4 factor, 4 factor]`.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function bicubicFilter(factor: number): Tensor {
  const a = -0.5;
  const kernel = (x: number): number => {
    const t = Math.abs(x);
    if (t <= 1) return (a + 2) * t ** 3 - (a + 3) * t ** 2 + 1;
    return t < 2 ? a * t ** 3 - 5 * a * t ** 2 + 8 * a * t - 4 * a : 0;
  };
  return outer(positions("bicubicFilter", factor, 2).map(kernel));
}

/** Modified Bessel function of the first kind and order zero, by its power series. */
function bessel0(x: number): number {
  let [term, sum] = [1, 1];
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

/**
 * Low-pass filter `sinc(n / factor)` under a Kaiser window, shape `[1, 1, length, length]`; length is `4 factor` by
 * default, and at most 2048.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function sincFilter(factor: number, length = 4 * checkFactor("sincFilter", factor)): Tensor {
  checkFactor("sincFilter", factor);
  checkNumber("sincFilter", "length", length, SIDE);
  const attenuation = (2.285 * (length - 1) * Math.PI * 2 * (2 - Math.SQRT2)) / factor + 7.95;
  const beta =
    attenuation <= 21
      ? 0
      : attenuation <= 50
        ? 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
        : 0.1102 * (attenuation - 8.7);
  const half = (length - 1) / 2;
  const weights = Array.from({ length }, (_, i) => {
    const t = i - half;
    const sinc = t === 0 ? 1 : Math.sin((Math.PI * t) / factor) / ((Math.PI * t) / factor);
    const window = half === 0 ? 1 : bessel0(beta * Math.sqrt(Math.max(0, 1 - (t / half) ** 2))) / bessel0(beta);
    return sinc * window;
  });
  return outer(weights);
}
