import { Normalized, TensorDataset } from "../data/index.js";
import type { Pixels } from "../io/index.js";
import type { Reconstructor } from "../nn/index.js";
import { LinearPhysics, StackedPhysics, type TensorList } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import {
  ArgumentError,
  checkFlag,
  checkFunction,
  checkInstance,
  checkKind,
  checkNumber,
  checkOptions,
  checkStream,
  hasMethods,
} from "../runtime/index.js";
import { noGrad, stack, Tensor, tensor, tidy } from "../tensor/index.js";
import { yieldToEventLoop } from "./event-loop.js";
import type { AnyPhysics } from "./options.js";
import { restoreTiled } from "./tiles.js";

/** Options of {@link restore}. */
export interface RestoreOptions {
  /**
   * What the network expects of the measurement's range: the number that the training data were divided by, or
   * `"sample"`, as `data.Normalized` finds it for each image. The result has the range of the measurement. Default: 1.
   */
  readonly scale?: number | "sample";
  /**
   * Whether the noise levels of the physics are in the unit of the measurement, so that they are divided as well; else
   * they are those that the network was trained with. Default: true.
   */
  readonly scaleLevels?: boolean;
  /**
   * Side of the tiles in pixels, by which images are restored that are larger than a tile with its margins, where the
   * physics is denoising; a multiple of the network's coarsest scale. Infinity: the whole image at once. Default: 512.
   */
  readonly tile?: number;
  /** Pixels around a tile that its restoration sees, at least half the network's receptive field. Default: 64. */
  readonly margin?: number;
  /** Stream of models that draw in evaluation, such as those of `R2RLoss`. Default: the stream of the library. */
  readonly rng?: RandomSource;
  /** Aborting it ends the restoration with its reason, after a tile. */
  readonly signal?: AbortSignal;
  /** Called with the share of the pixels that is done, from 0 to 1. */
  readonly onProgress?: (done: number) => unknown;
}

/**
 * Applies a trained network to a measurement, in evaluation mode and without a tape: `model(y, physics)`.
 *
 * `model` is the network or `trainer.model`, `physics` what made the measurement. A tensor has the shape `[B, ...]` of
 * measurements, pixels (`readPixels`) are one image `[C, H, W]`; the result is of the same kind, and the caller frees a
 * tensor.
 *
 * @throws ArgumentError `invalid_argument`, `unknown_option`, `incompatible_physics` where the noise does not scale
 * with the image; the errors of the model where it does not take the shape; when aborted, the signal's reason.
 */
export async function restore(
  model: Reconstructor,
  physics: AnyPhysics,
  image: Pixels,
  options?: RestoreOptions,
): Promise<Pixels>;
export async function restore(
  model: Reconstructor,
  physics: AnyPhysics,
  image: Tensor | TensorList,
  options?: RestoreOptions,
): Promise<Tensor>;
export async function restore(
  model: Reconstructor,
  physics: AnyPhysics,
  image: Tensor | TensorList | Pixels,
  options: RestoreOptions = {},
): Promise<Tensor | Pixels> {
  const settings = check(model, physics, image, options);
  const before = model.training;
  model.eval();
  try {
    if (image instanceof Tensor) return await restoreTensor(model, physics, image, settings);
    if (!isPixels(image)) return untaped(() => model.forward(image as never, physics as never, settings.call));
    const y = tensor(image.data, { shape: [1, ...image.shape] });
    try {
      const result = await restoreTensor(model, physics, y, settings);
      try {
        const [, ...shape] = result.shape;
        return { data: Float32Array.from(await result.data()), shape: shape as [number, number, number] };
      } finally {
        result.dispose();
      }
    } finally {
      y.dispose();
    }
  } finally {
    model.train(before);
  }
}

interface Settings {
  readonly scale: number | "sample";
  readonly scaleLevels: boolean;
  readonly tile: number;
  readonly margin: number;
  readonly call: { readonly updateParameters: true; readonly rng?: RandomSource };
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((done: number) => unknown) | undefined;
}

const KEYS = ["scale", "scaleLevels", "tile", "margin", "rng", "signal", "onProgress"];

function check(model: unknown, physics: unknown, image: unknown, options: RestoreOptions): Settings {
  checkKind("restore", "model", model, {
    expected: "a network, such as trainer.model",
    fits: (value) => hasMethods(value, ["forward", "train", "eval"]),
  });
  checkKind("restore", "physics", physics, {
    expected: "a physics, such as new physics.Denoising()",
    fits: (value) => hasMethods(value, ["A", "forward"]),
  });
  checkKind("restore", "image", image, {
    expected: "a tensor [B, C, H, W], or pixels as readPixels gives them",
    fits: (value) =>
      (value instanceof Tensor && value.shape.length > 1) || hasMethods(value, ["at"]) || isPixels(value),
  });
  checkOptions("restore", options, KEYS);
  const { scale = 1, tile = 512, margin = 64, rng, signal, onProgress } = options;
  if (scale !== "sample") checkNumber("restore", "scale", scale, { positive: true });
  if (tile !== Infinity) checkNumber("restore", "tile", tile, { positive: true, integer: true });
  checkNumber("restore", "margin", margin, { min: 0, integer: true });
  checkStream("restore", rng);
  if (signal !== undefined) checkInstance("restore", "signal", signal, AbortSignal, "an AbortSignal");
  if (onProgress !== undefined) checkFunction("restore", "onProgress", onProgress);
  if (scale !== 1 && !(image instanceof Tensor) && !isPixels(image))
    throw new ArgumentError("restore: scale is of one tensor, but image is a list of them.", "invalid_argument");
  const scaleLevels = checkFlag("restore", "scaleLevels", options.scaleLevels, true);
  return {
    scale,
    scaleLevels,
    tile,
    margin,
    call: { updateParameters: true, ...(rng ? { rng } : {}) },
    signal,
    onProgress,
  };
}

function isPixels(value: unknown): value is Pixels {
  const { data, shape } = (value ?? {}) as Partial<Pixels>;
  return data instanceof Float32Array && Array.isArray(shape) && shape.length === 3;
}

/** A result of a model that keeps no tape, and nothing else. */
function untaped(compute: () => Tensor): Tensor {
  return noGrad(() => tidy(compute));
}

async function restoreTensor(
  model: Reconstructor,
  physics: AnyPhysics,
  y: Tensor,
  settings: Settings,
): Promise<Tensor> {
  const { scale, onProgress } = settings;
  if (scale === 1) return await restoreInRange(model, physics, y, settings);
  const results: Tensor[] = [];
  try {
    const count = y.shape[0] as number;
    for (let i = 0; i < count; i++) {
      const onPart = onProgress && ((done: number) => onProgress((i + done) / count));
      const one = untaped(() => y.slice([i], [i + 1]).clone());
      try {
        results.push(await restoreScaled(model, physics, one, { ...settings, onProgress: onPart }, scale));
      } finally {
        one.dispose();
      }
    }
    return untaped(() => stack(results.map((result) => result.squeeze(0))));
  } finally {
    for (const result of results) result.dispose();
  }
}

/** Restores one measurement `[1, ...]` divided by its factor, with the noise level divided as well. */
async function restoreScaled(
  model: Reconstructor,
  physics: AnyPhysics,
  y: Tensor,
  settings: Settings,
  by: number | "sample",
): Promise<Tensor> {
  const dataset = new TensorDataset({ y });
  const levelled = settings.scaleLevels && physics instanceof LinearPhysics;
  const normalized = new Normalized({ dataset, by, ...(levelled ? { physics } : {}) });
  const factor = await normalized.scaleOf(0);
  const { y: divided, params = {} } = await normalized.get(0);
  const made = untaped(() => (divided as Tensor).unsqueeze(0).clone());
  const levels = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, value.reshape([1])]));
  try {
    const own = Object.keys(levels).length > 0 && !(physics instanceof StackedPhysics);
    const result = await restoreInRange(model, physics, made, settings, own ? levels : {});
    try {
      return untaped(() => result.mul(factor));
    } finally {
      result.dispose();
    }
  } finally {
    for (const value of [made, divided, ...Object.values(params), ...Object.values(levels)]) value?.dispose();
  }
}

async function restoreInRange(
  model: Reconstructor,
  physics: AnyPhysics,
  y: Tensor,
  { tile, margin, call, signal, onProgress }: Settings,
  levels: Record<string, Tensor> = {},
): Promise<Tensor> {
  // Within the `tidy` of each call, which frees what the changed copy makes.
  const changed = (): AnyPhysics => (Object.keys(levels).length > 0 ? physics.withParameters(levels) : physics);
  const forward = (part: Tensor): Tensor => model.forward(part, changed() as never, call);
  const [batch = 1, channels = 1, rows = 0, columns = 0] = y.shape;
  const large = Math.max(rows, columns) > tile + 2 * margin;
  const tiled = large && y.shape.length === 4 && y.dtype === "float32" && physics.operator === "denoising";
  if (!tiled) {
    signal?.throwIfAborted();
    const whole = untaped(() => forward(y));
    await yieldToEventLoop();
    await onProgress?.(1);
    return whole;
  }
  const data = Float32Array.from(await y.data());
  const size = channels * rows * columns;
  let done = 0;
  const onTile = async (pixels: number): Promise<void> => {
    done += pixels;
    signal?.throwIfAborted();
    await onProgress?.(done / (batch * rows * columns));
  };
  const parts: Tensor[] = [];
  try {
    for (let i = 0; i < batch; i++) {
      signal?.throwIfAborted();
      const image: Pixels = { data: data.subarray(i * size, (i + 1) * size), shape: [channels, rows, columns] };
      const restored = await restoreTiled(image, forward, tile, margin, 0, onTile);
      parts.push(tensor(restored.data, { shape: restored.shape, dtype: y.dtype, device: y.device }));
    }
    return untaped(() => stack(parts));
  } finally {
    for (const part of parts) part.dispose();
  }
}
