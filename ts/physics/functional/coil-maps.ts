import { centredFft, safeSqrt } from "../../functional/index.js";
import { ArgumentError, checkNumber, checkOptions } from "../../runtime/index.js";
import { cat, tensor, zeros, type Tensor, checkTensor } from "../../tensor/index.js";
import { checkComplex } from "./mri.js";

/** Distance of the coils from the centre, in half widths of the image. */
const RADIUS = 1.5;
/** Coils on each ring around a volume. */
const COILS_PER_RING = 8;

/**
 * Sensitivities of `n` coils on a ring around the image (on rings of eight around a volume), normalised to `sum_n
 * |s_n|^2 = 1`.
 *
 * `size` is `[H, W]` or `[D, H, W]`; the result is `[N, (D,) H, W, 2]` with real and imaginary part in the last
 * dimension.
 */
export function birdcageMaps(n: number, size: readonly number[]): Tensor {
  const threeD = size.length === 3;
  const [nz, ny, nx] = (threeD ? size : [1, ...size]) as [number, number, number];
  const pixels = nz * ny * nx;
  const values = new Float64Array(n * pixels * 2);
  const perRing = threeD ? COILS_PER_RING : n;
  const at = (i: number, count: number) => (i - count / 2) / (count / 2);
  for (let p = 0; p < pixels; p++) {
    const [z, y, x] = [Math.floor(p / (ny * nx)), Math.floor(p / nx) % ny, p % nx];
    let energy = 0;
    for (let c = 0; c < n; c++) {
      const angle = (2 * Math.PI * c) / perRing;
      const dx = at(x, nx) - RADIUS * Math.cos(angle);
      const dy = at(y, ny) - RADIUS * Math.sin(angle);
      const ring = Math.floor(c / COILS_PER_RING);
      const dz = threeD ? at(z, nz) - (ring - 0.5 * (Math.ceil(n / COILS_PER_RING) - 1)) : 0;
      const offset = threeD ? ((c + ring) * 2 * Math.PI) / COILS_PER_RING : angle;
      const phase = Math.atan2(dx, -dy) - offset;
      const strength = 1 / Math.sqrt(dx * dx + dy * dy + dz * dz);
      values[(c * pixels + p) * 2] = strength * Math.cos(phase);
      values[(c * pixels + p) * 2 + 1] = strength * Math.sin(phase);
      energy += strength * strength;
    }
    for (let c = 0; c < n; c++)
      for (const part of [0, 1])
        values[(c * pixels + p) * 2 + part] = (values[(c * pixels + p) * 2 + part] as number) / Math.sqrt(energy);
  }
  return tensor(Float32Array.from(values), { shape: [n, ...size, 2] });
}

/**
 * Coil sensitivities from the fully sampled centre of k-space: each coil's low-resolution image divided by their root
 * sum of squares. Smoother and less exact than ESPIRiT.
 *
 * `y` is `[B, 2, N, H, W]`; the result is `[B, N, H, W, 2]`, 0 where no coil has a signal. (McKenzie, Yeh, Ohliger,
 * Price, Sodickson, "Self-calibrating parallel imaging with automatic coil sensitivity extraction", 2002.)
 *
 * @param options.calibSize Side of the sampled square in the centre of k-space. Default: 24, at most the image.
 * @throws ShapeError `shape_mismatch`; ArgumentError `invalid_argument`, `unknown_option`.
 */
export function estimateCoilMaps(y: Tensor, options: { calibSize?: number } = {}): Tensor {
  const caller = "estimateCoilMaps";
  checkOptions(caller, options, ["calibSize"]);
  checkTensor(caller, "y", y);
  checkComplex(caller, "y", y, ["coils", "height", "width"]);
  const side = checkNumber(caller, "calibSize", options.calibSize ?? 24, { integer: true, min: 1 });
  const [, , , h = 1, w = 1] = y.shape;
  const window = (n: number) => {
    const width = Math.min(side, n);
    const first = Math.floor(n / 2) - Math.floor(width / 2);
    // A raised cosine: a hard edge would ring in the image.
    return Float64Array.from({ length: n }, (_, i) =>
      i < first || i >= first + width ? 0 : Math.sin((Math.PI * (i - first + 0.5)) / width) ** 2,
    );
  };
  const rows = window(h);
  const columns = window(w);
  const taper = tensor(
    Float32Array.from({ length: h * w }, (_, i) => (rows[Math.floor(i / w)] as number) * (columns[i % w] as number)),
    { shape: [h, w], dtype: y.dtype, device: y.device },
  );
  const images = centredFft(y.mul(taper), [3, 4], { inverse: true });
  const total = safeSqrt(images.square().sum(1, true).sum(2, true));
  const maps = images.div(total.add(total.eq(0)));
  return cat([maps.select(1, 0).unsqueeze(4), maps.select(1, 1).unsqueeze(4)], 4);
}

/**
 * Maps reshaped to `[B, N, (D,) H, W, 2]`; batch and coils may be missing.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function placedMaps(className: string, maps: Tensor, threeD: boolean): Tensor {
  const rank = threeD ? 6 : 5;
  const shape = [...Array.from({ length: Math.max(0, rank - maps.shape.length) }, () => 1), ...maps.shape];
  if (shape.length !== rank || shape[rank - 1] !== 2 || maps.shape.length < rank - 2) {
    throw new ArgumentError(
      `${className}: coilMaps has shape [${maps.shape.join(", ")}], expected [batch, coils, ` +
        `${threeD ? "depth, " : ""}height, width, 2] with real and imaginary part in the last dimension; ` +
        "batch and coils may be left out.",
      "invalid_argument",
    );
  }
  return maps.reshape(shape);
}

/**
 * Product of complex maps `[B, N, ..., 2]` with images `[B, 2, N or 1, ...]`: `[B, 2, N, ...]`; `conjugate` takes the
 * conjugate maps.
 */
export function mulMaps(maps: Tensor, x: Tensor, conjugate: boolean): Tensor {
  const last = maps.shape.length - 1;
  const [re, im] = [maps.select(last, 0), conjugate ? maps.select(last, 1).neg() : maps.select(last, 1)];
  const [a, b] = [x.select(1, 0), x.select(1, 1)];
  return cat([re.mul(a).sub(im.mul(b)).unsqueeze(1), re.mul(b).add(im.mul(a)).unsqueeze(1)], 1);
}

/** The map of one coil of sensitivity 1 everywhere. */
export function flatMaps(size: readonly number[]): Tensor {
  const re = zeros([...size, 1]).add(1);
  return cat([re, re.mul(0)], size.length);
}
