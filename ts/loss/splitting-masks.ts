import type { Metric } from "../metric/index.js";
import {
  ComposedLinearPhysics,
  ComposedPhysics,
  Inpainting,
  VirtualLinearPhysics,
  type Physics,
} from "../physics/index.js";
import { ArgumentError, ShapeError } from "../runtime/index.js";
import { Tensor } from "../tensor/index.js";

/**
 * A mask reshaped to multiply measurements of a shape: dimensions that it lacks (coils, frames) are inserted between
 * the first two and the image, or in front where the mask has no batch. Undefined where it does not fit.
 */
export function maskFor(mask: Tensor, shape: readonly number[]): Tensor | undefined {
  const missing = shape.length - mask.shape.length;
  if (missing < 0) return undefined;
  const ones = Array.from({ length: missing }, () => 1);
  for (const shaped of [
    [...mask.shape.slice(0, 2), ...ones, ...mask.shape.slice(2)],
    [...ones, ...mask.shape],
  ]) {
    if (shaped.every((n, i) => n === 1 || n === shape[i])) return mask.reshape(shaped);
  }
  return undefined;
}

/**
 * The mask of a physics over the entries of `y`, in the shape in which the physics stores it; undefined where there is
 * none.
 *
 * Masks that do not have the shape of the measurement, such as the spectrum of a blur, do not count. Of a composition
 * the last operator masks the measurement.
 */
export function maskOf(physics: Physics | undefined, y: Tensor): Tensor | undefined {
  if (physics instanceof ComposedPhysics || physics instanceof ComposedLinearPhysics)
    return maskOf(physics.list.at(-1), y);
  if (physics instanceof VirtualLinearPhysics) return maskOf(physics.physics, y);
  const mask = (physics as { mask?: unknown } | undefined)?.mask;
  return mask instanceof Tensor && mask.size > 1 && maskFor(mask, y.shape) ? mask : undefined;
}

/** The 0/1 masks of a split, shaped for `y`: what the network sees, and the rest of what was measured. */
export function splitMasks(
  name: string,
  mask: Tensor,
  y: Tensor,
  physics: Physics | undefined,
): { mask1: Tensor; mask2: Tensor } {
  // Masks choose entries; weights, of the mask of a physics, are in y and in A already.
  const fitted = maskFor(mask, y.shape)?.ne(0).to(y.dtype).to(y.device);
  if (!fitted) {
    throw new ShapeError(
      `${name}: the splitting mask has shape [${mask.shape.join(", ")}], which does not fit measurements of shape ` +
        `[${y.shape.join(", ")}]; give the mask generator an imgSize that fits.`,
      "shape_mismatch",
    );
  }
  const given = maskOf(physics, y);
  const measured = given && maskFor(given, y.shape)?.ne(0).to(y.dtype).to(y.device);
  if (!measured) return { mask1: fitted, mask2: fitted.neg().add(1) };
  const mask1 = fitted.mul(measured);
  return { mask1, mask2: measured.sub(mask1) };
}

/** The physics `M A`: that of `physics` under a mask M, with the same noise. */
export function maskedPhysics(mask: Tensor, y: Tensor, physics: Physics): Physics {
  const { noiseModel, rng } = physics;
  const masking = new Inpainting({
    imgSize: y.shape.slice(1),
    mask,
    noiseModel,
    sensorModel: (t) => physics.sensor(t),
    ...(rng ? { rng } : {}),
  });
  return masking.compose(physics);
}

/** The error of the entries that a mask chooses, `metric(M xNet, M y) / mean(M)`. */
export function errorWithin(name: string, metric: Metric, mask: Tensor, xNet: Tensor, y: Tensor): Tensor {
  return metric.forward(xNet.mul(mask), y.mul(mask)).div(fractionOf(name, mask, "to predict"));
}

/**
 * The fraction of ones of a mask, as a scalar to divide by: never 0.
 *
 * On the CPU, where the mask can be read synchronously, a mask that is empty for some image is refused; on other
 * devices its term becomes 0 instead of NaN.
 *
 * @throws ArgumentError `empty_split`.
 */
export function fractionOf(name: string, mask: Tensor, purpose: string): Tensor {
  const batch = mask.shape[0] ?? 1;
  if (mask.device === "cpu") {
    const empty = mask
      .reshape([batch, mask.size / batch])
      .sum(1)
      .dataSync()
      .findIndex((n) => n === 0);
    if (empty >= 0) {
      throw new ArgumentError(
        `${name}: the split leaves nothing ${purpose} for image ${empty} of the batch; measure more, change the ` +
          "split ratio, or give another mask generator.",
        "empty_split",
      );
    }
  }
  return mask.mean().maximum(0.5 / mask.size);
}
