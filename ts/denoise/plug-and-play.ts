import { restoreByTiles, robustRange, unitRange } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import {
  BlurFFT,
  Denoising,
  GaussianNoise,
  Inpainting,
  type LinearPhysics,
  type NoiseModel,
} from "../physics/index.js";
import { ArgumentError, checkFunction, checkInstance, checkKind, checkNumber, checkOptions } from "../runtime/index.js";
import { noGrad, tensor, type Tensor, tidy } from "../tensor/index.js";
import { checkImages } from "./check-images.js";
import { fillMissing } from "./fill-missing.js";
import { type LevelNetwork, margin, startNetwork, tile } from "./network.js";
import { afterTile, type DenoiseProgress, Phases } from "./phases.js";

/** Options of {@link plugAndPlay}. */
export interface PlugAndPlayOptions {
  /** Filter that blurred the image: sums to 1, rows of equal odd lengths, an odd number of them. Default: no blur. */
  readonly filter?: readonly (readonly number[])[];
  /** One number a pixel, `[H, W]`: 0 where it is missing. Default: no pixel is missing. */
  readonly mask?: Float32Array;
  /** Standard deviation of the noise, in the unit of the image. */
  readonly sigma: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DenoiseProgress) => unknown;
}

/** Iterations, and the noise level that the network removes in the first of them, of values in [0, 1]. */
const [iterations, firstLevel] = [8, 49 / 255];

/** Weight of the network's result against the measurement. */
const lambda = 0.23;

/** Images without noise are restored as if they had this much: rounding to 8 bits. */
const leastLevel = 0.5 / 255;

/**
 * Restores a blurred image, or one with missing pixels, by turns: the image near z that fits the measurement, and z,
 * what the network makes of that image at a noise level that falls in each turn.
 *
 * `x = argmin |A x - y|^2 + lambda (sigma / sigma_k)^2 |x - z|^2`, `z = D(x, sigma_k)` (Zhang, Li, Zuo, Zhang,
 * Van Gool, Timofte, "Plug-and-play image restoration with deep denoiser prior", 2020, arXiv:2008.13751). Nothing is
 * learned: D is the network that `learn` starts from.
 *
 * @throws ArgumentError `invalid_argument` where the image is none, has both a filter and a mask or neither, or sigma
 * is no number of at least 0; when aborted, the signal's reason.
 */
export async function plugAndPlay(image: Pixels, options: PlugAndPlayOptions): Promise<Pixels> {
  const caller = "denoise.plugAndPlay";
  checkImages(caller, [image]);
  const { filter, mask, sigma, signal, onProgress } = checkPlugAndPlay(caller, options, image.shape);
  const given = mask ? fillMissing(image, mask) : image;
  const { dark, bright } = robustRange([given]);
  const { offset, factor } = unitRange({ dark, bright, low: undefined, high: undefined }, false);
  const level = Math.max(leastLevel, sigma / factor);
  const scaled = { data: given.data.map((value) => (value - offset) / factor), shape: image.shape };
  const network = await startNetwork();
  network.eval();
  const phases = new Phases(0, image.shape[1] * image.shape[2]);
  // The mask goes through the parts as a further channel of the image.
  const withMask = mask ? joined(scaled, mask) : scaled;
  const [h, w] = filter ? [filter.length, (filter[0] as readonly number[]).length] : [1, 1];
  const around = margin + Math.max(h, w);
  const part: PartOptions = { filter, isMasked: mask !== undefined, level };
  try {
    const restored = await restoreByTiles(
      withMask,
      { tile, margin: around, onTile: afterTile(phases, 1, { signal, onProgress }) },
      async (pixels) => await restorePart(pixels, network, part),
    );
    const data = restored.data.subarray(0, image.data.length).map((value) => offset + factor * value);
    return { data, shape: image.shape };
  } finally {
    for (const parameter of network.parameters()) parameter.dispose();
  }
}

/** The options, where all are what they should be. */
function checkPlugAndPlay(
  caller: string,
  options: PlugAndPlayOptions,
  [, rows, columns]: Pixels["shape"],
): PlugAndPlayOptions {
  checkOptions(caller, options, ["filter", "mask", "sigma", "signal", "onProgress"]);
  const { filter, mask, sigma, signal, onProgress } = options;
  checkNumber(caller, "sigma", sigma, { min: 0 });
  if (signal !== undefined) checkInstance(caller, "signal", signal, AbortSignal, "an AbortSignal");
  if (onProgress !== undefined) checkFunction(caller, "onProgress", onProgress);
  const isMask = (value: unknown): boolean => value instanceof Float32Array && value.length === rows * columns;
  if ((filter === undefined) === (mask === undefined) || (mask !== undefined && !isMask(mask))) {
    throw new ArgumentError(
      `${caller}: expected either a filter or a mask: a Float32Array of ${rows}x${columns} numbers, one each pixel.`,
      "invalid_argument",
    );
  }
  if (filter !== undefined) {
    checkKind(caller, "filter", filter, {
      expected: "an odd number of rows of numbers, of equal odd lengths",
      fits: isFilter,
    });
  }
  return options;
}

function isFilter(value: unknown): boolean {
  if (!Array.isArray(value) || value.length % 2 === 0) return false;
  const isRow = (row: unknown): boolean =>
    Array.isArray(row) &&
    row.length === (value[0] as unknown[]).length &&
    row.every((number) => Number.isFinite(number));
  return value.every(isRow) && (value[0] as unknown[]).length % 2 === 1;
}

interface PartOptions {
  readonly filter: readonly (readonly number[])[] | undefined;
  readonly isMasked: boolean;
  readonly level: number;
}

async function restorePart(part: Pixels, network: LevelNetwork, { filter, isMasked, level }: PartOptions) {
  const [channels, height, width] = part.shape;
  const colours = isMasked ? channels - 1 : channels;
  const image = cutChannels(part, colours);
  // Circular borders are far from what is kept; mirrored ones fit the image better.
  const border = filter ? Math.max(filter.length, (filter[0] as readonly number[]).length) : 0;
  const edges = [0, 0, 0, 0, border, border, border, border];
  const result = noGrad(() =>
    tidy(() => {
      const all = tensor(image.data, { shape: [1, ...image.shape] });
      const y = border > 0 ? all.pad(edges, { mode: "replicate" }) : all;
      const [, , rows, columns] = y.shape as [number, number, number, number];
      const imgSize = [colours, rows, columns];
      const mask = isMasked
        ? tensor(part.data.slice(colours * height * width), { shape: [1, 1, rows, columns] }).expand([1, ...imgSize])
        : undefined;
      const physics = physicsOf(imgSize, filter, mask);
      let z: Tensor = y;
      for (let k = 0; k < iterations; k++) {
        // From the first level to that of the noise, in equal ratios.
        const removed = firstLevel * (level / firstLevel) ** (k / (iterations - 1));
        const x = physics.proxL2(z, y, removed ** 2 / (lambda * level ** 2));
        z = network.forward(x, new Denoising({ noiseModel: new GaussianNoise({ sigma: removed }) }));
      }
      return z.slice([0, 0, border, border], [1, colours, border + height, border + width]).clone();
    }),
  );
  const values = Float32Array.from(await result.data());
  result.dispose();
  const data = new Float32Array(part.data.length);
  data.set(values);
  return { data, shape: part.shape };
}

function physicsOf(
  imgSize: readonly number[],
  filter: readonly (readonly number[])[] | undefined,
  mask: Tensor | undefined,
): LinearPhysics<NoiseModel> {
  if (mask) return new Inpainting({ imgSize, mask }) as LinearPhysics<NoiseModel>;
  const rows = filter as readonly (readonly number[])[];
  const shape = [1, 1, rows.length, (rows[0] as readonly number[]).length];
  return new BlurFFT({ imgSize, filter: tensor(rows.flat(), { shape }) }) as LinearPhysics<NoiseModel>;
}

function cutChannels({ data, shape }: Pixels, channels: number): Pixels {
  const [, height, width] = shape;
  return { data: data.slice(0, channels * height * width), shape: [channels, height, width] };
}

function joined({ data, shape }: Pixels, mask: Float32Array): Pixels {
  const both = new Float32Array(data.length + mask.length);
  both.set(data);
  both.set(
    mask.map((value) => (value === 0 ? 0 : 1)),
    data.length,
  );
  return { data: both, shape: [shape[0] + 1, shape[1], shape[2]] };
}
