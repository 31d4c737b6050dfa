// Missing pixels: a first guess from their neighbours, a network that corrects it, and the weight of the measurement.
import { cat, nn, ones, tensor } from "adjoint";

/** Scales of the first guess: 5 x 5 pixels, and twice as wide each time. */
const scales = 5;
/** Weight of a scale against the next finer one: it counts where the finer one has no pixel. */
const weight = 0.02;
/** Up to this noise level the guess is made smooth through the measured values, which would carry stronger noise on. */
const smoothUpTo = 0.05;

/**
 * The first guess: missing pixels become weighted means of measured ones.
 *
 * `sum_k w^k G_k * (m y) / sum_k w^k G_k * m` with binomial filters G_k, then, where there is little noise, 15 damped
 * Jacobi steps of the biharmonic equation in the missing pixels, which continues edges and slopes.
 *
 * @param y `[B, C, H, W]`, 0 where a pixel is missing.
 * @param mask `[B, 1, H, W]`.
 */
export function fill(y, mask, level) {
  const [images, channels, height, width] = y.shape;
  const planes = (t) => t.reshape([t.shape[0] * t.shape[1], 1, height, width]);
  const binomial = [1, 4, 6, 4, 1].map((a) => a / 16);
  const filter = tensor(
    binomial.flatMap((a) => binomial.map((b) => a * b)),
    { shape: [1, 1, 5, 5] },
  );
  let [sum, share] = [planes(y), planes(mask)];
  let [numerator, denominator] = [undefined, undefined];
  for (let k = 0; k < scales; k++) {
    const options = { padding: 2 * 2 ** k, dilation: 2 ** k };
    [sum, share] = [nn.functional.conv2d(sum, filter, options), nn.functional.conv2d(share, filter, options)];
    const factor = weight ** k;
    numerator = numerator ? numerator.add(sum.mul(factor)) : sum;
    denominator = denominator ? denominator.add(share.mul(factor)) : share;
  }
  const missing = mask.neg().add(1);
  // So little that it only matters where no pixel is near at any scale.
  const guess = numerator.reshape(y.shape).div(denominator.add(1e-9).reshape([images, 1, height, width]));
  let filled = y.add(guess.mul(missing));
  if (level > smoothUpTo) return filled;
  // The pixel that makes the bilaplacian 0, by its twelve neighbours.
  const rows = [
    [0, 0, -1, 0, 0],
    [0, -2, 8, -2, 0],
    [-1, 8, 0, 8, -1],
    [0, -2, 8, -2, 0],
    [0, 0, -1, 0, 0],
  ];
  const neighbours = tensor(
    rows.flat().map((value) => value / 20),
    { shape: [1, 1, 5, 5] },
  );
  for (let k = 0; k < 15; k++) {
    const padded = planes(filled).pad([0, 0, 0, 0, 2, 2, 2, 2], { mode: "reflect" });
    const next = nn.functional.conv2d(padded, neighbours).reshape([images, channels, height, width]);
    filled = y.add(next.add(filled).mul(missing).mul(0.5));
  }
  return filled;
}

/**
 * The reconstruction network of images with missing pixels: the first guess and the mask go through a DnCNN of one more
 * channel, which corrects the guess.
 */
export class FilledNetwork extends nn.Module {
  constructor({ backboneNet, level }) {
    super();
    Object.assign(this, { backboneNet, level });
  }

  forward(y, physics) {
    const [images, , height, width] = y.shape;
    // The part of the pixels that the network sees may be smaller than what was measured.
    const mask = physics.A(ones([...y.shape])).slice([0, 0, 0, 0], [images, 1, height, width]);
    const corrected = this.backboneNet.forward(cat([fill(y, mask, this.level), mask.sub(0.5)], 1));
    return corrected.slice([0, 0, 0, 0], [...y.shape]);
  }
}

/**
 * Joins predictions with measured values: `(1 - w) y + w p` where a pixel was measured.
 *
 * A prediction that did not see the pixel has an error of variance v independent of the noise of variance s^2:
 * `E (p - y)^2 = v + s^2`, and the best weight is `w = s^2 / (s^2 + v)`.
 */
export function joinMeasured(predicted, given, mask, level) {
  const plane = mask.length;
  let [sum, count] = [0, 0];
  for (let i = 0; i < given.length; i++) {
    if (mask[i % plane] === 0) continue;
    sum += (predicted[i] - given[i]) ** 2;
    count += 1;
  }
  const variance = level ** 2;
  const share = variance / Math.max(sum / count, variance, 1e-12);
  return predicted.map((value, i) => (mask[i % plane] === 0 ? value : (1 - share) * given[i] + share * value));
}

/**
 * The standard deviation of Gaussian noise from the 2 x 2 cells whose pixels are all present, as `estimateNoise` does
 * for whole pictures: median |p - q - r + s| / 2 / 0.6745. `undefined` where there are too few cells.
 */
export function maskedLevel({ data, shape: [channels, height, width] }, mask) {
  const values = [];
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i + 1 < height; i++) {
      for (let j = 0; j + 1 < width; j++) {
        const at = i * width + j;
        if (!(mask[at] && mask[at + 1] && mask[at + width] && mask[at + width + 1])) continue;
        const k = c * height * width + at;
        values.push(Math.abs(data[k] - data[k + 1] - data[k + width] + data[k + width + 1]) / 2);
      }
    }
  }
  if (values.length < 200) return undefined;
  values.sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)] / 0.6745;
}
