import { cutPixels } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import type { Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import { noGrad, tensor, tidy } from "../tensor/index.js";
import { yieldToEventLoop } from "../train/index.js";
import type { Domain } from "./domain.js";
import type { LevelNetwork } from "./network.js";
import { noiseLevels, smoothed } from "./noise-levels.js";

/** Sides of the squares that images are cut into: the first of which there are enough. */
const sides = [128, 96, 64];

/** Squares below which nothing is held back. */
const fewest = 12;

/** Squares that judge at most. */
const most = 64;

/** One square of so many is held back. */
const every = 4;

/** Step of the finite difference, in units of the noise level. */
const step = 0.1;

/**
 * Cuts images into squares to learn from and others that judge what was learned, at most 64. Of small images nothing is
 * held back: all of them are in both parts.
 */
export function holdBack(images: readonly Pixels[]): { readonly learned: Pixels[]; readonly judging: Pixels[] } {
  for (const side of sides) {
    const [learned, judging]: [Pixels[], Pixels[]] = [[], []];
    for (const image of images) {
      const [, rows, columns] = image.shape;
      const [down, across] = [Math.floor(rows / side), Math.floor(columns / side)];
      for (let i = 0; i < down; i++) {
        for (let j = 0; j < across; j++) {
          // The last row and column of squares have what is left.
          const [height, width] = [
            i === down - 1 ? rows - i * side : side,
            j === across - 1 ? columns - j * side : side,
          ];
          const isHeld = (j + 2 * i) % every === every - 1;
          (isHeld ? judging : learned).push(cutPixels(image, i * side, j * side, height, width));
        }
      }
    }
    if (learned.length + judging.length < fewest || judging.length === 0) continue;
    const stride = Math.ceil(judging.length / most);
    return { learned, judging: judging.filter((_, k) => k % stride === 0) };
  }
  return { learned: [...images], judging: [...images] };
}

/**
 * Stein's unbiased risk estimate of each image in units of the noise's mean variance: the mean squared error of the
 * network without the clean image, for Gaussian noise of level s at each pixel,
 *
 * `mean((f(y) - y)^2 - s^2 + 2 s b (f(y + t s b) - f(y)) / t)`, b standard normal
 *
 * (Ramani, Blu, Unser, 2008, doi:10.1109/TIP.2008.2001404). For other noise it is an approximation, as the level and
 * not the distribution is taken from it. Two networks that get streams of the same state are compared fairly.
 */
export async function estimatedRisks(
  model: LevelNetwork,
  images: readonly Pixels[],
  domain: Domain,
  physics: Physics,
  rng: RandomSource,
): Promise<number[]> {
  model.eval();
  const risks: number[] = [];
  for (const image of images) {
    await yieldToEventLoop();
    const { data, shape } = domain.enter(image, rng);
    const risk = noGrad(() =>
      tidy(() => {
        const y = tensor(data, { shape: [1, ...shape] });
        const levels = noiseLevels(physics.noiseModel, smoothed(y));
        const probe = rng.normal([...y.shape], y).mul(levels);
        const restored = model.forward(y, physics);
        const change = model
          .forward(y.add(probe.mul(step)), physics)
          .sub(restored)
          .div(step);
        const variance = levels.square();
        const error = restored.sub(y).square().sub(variance).add(change.mul(probe).mul(2));
        return error.mean().div(variance.mean());
      }),
    );
    risks.push((await risk.data())[0] as number);
    risk.dispose();
  }
  return risks;
}

/** Whether differences of risks are below zero, by more than the standard error of their mean. */
export function areBetter(differences: readonly number[]): boolean {
  const n = differences.length;
  const mean = differences.reduce((sum, value) => sum + value, 0) / n;
  const variance = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, n - 1);
  return mean + Math.sqrt(variance / n) < 0;
}
