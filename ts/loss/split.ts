import { Inpainting, type Physics } from "../physics/index.js";
import { ArgumentError, ShapeError } from "../runtime/index.js";
import { Tensor } from "../tensor/index.js";

/**
 * A mask made to multiply measurements of a shape: dimensions that it lacks (coils, frames) are put between the first
 * two and the image, or in front where the mask has no batch. Undefined where it does not fit.
 */
export function maskFor(mask: Tensor, shape: readonly number[]): Tensor | undefined {
  const missing = shape.length - mask.shape.length;
  if (missing < 0) return undefined;
  const ones = Array.from({ length: missing }, () => 1);
  for (const placed of [
    [...mask.shape.slice(0, 2), ...ones, ...mask.shape.slice(2)],
    [...ones, ...mask.shape],
  ]) {
    if (placed.every((n, i) => n === 1 || n === shape[i])) return mask.reshape(placed);
  }
  return undefined;
}

/**
 * The mask of a physics that says which entries of `y` were measured, as the physics holds it; undefined where there is
 * none.
 *
 * Masks that do not lie over the measurement, such as the spectrum of a blur, are no such mask.
 */
export function maskOf(physics: Physics | undefined, y: Tensor): Tensor | undefined {
  const mask = (physics as { mask?: unknown } | undefined)?.mask;
  return mask instanceof Tensor && mask.size > 1 && maskFor(mask, y.shape) ? mask : undefined;
}

/** The two sides of a split as 0/1 masks that fit `y`: what the network sees, and the rest of what was measured. */
export function sides(
  name: string,
  mask: Tensor,
  y: Tensor,
  physics: Physics | undefined,
): { mask1: Tensor; mask2: Tensor } {
  const placed = maskFor(mask, y.shape)?.to(y.dtype).to(y.device);
  if (!placed) {
    throw new ShapeError(
      `${name}: the splitting mask has shape [${mask.shape.join(", ")}], which does not fit measurements of shape [${y.shape.join(", ")}]; give the mask generator an imgSize that fits.`,
      "shape_mismatch",
    );
  }
  const given = maskOf(physics, y);
  const measured = given && maskFor(given, y.shape)?.ne(0).to(y.dtype).to(y.device);
  if (!measured) return { mask1: placed, mask2: placed.neg().add(1) };
  const mask1 = placed.mul(measured);
  return { mask1, mask2: measured.sub(mask1) };
}

/** The physics whose measurements are those of `physics` under a mask, `M A`, with the same noise. */
export function maskedPhysics(mask: Tensor, y: Tensor, physics: Physics): Physics {
  const { noiseModel, rng } = physics;
  const cut = new Inpainting({
    imgSize: y.shape.slice(1),
    mask,
    noiseModel,
    sensorModel: (t) => physics.sensor(t),
    ...(rng ? { rng } : {}),
  });
  return cut.compose(physics);
}

/**
 * The share of ones of a mask, as a scalar to divide by: never 0.
 *
 * Where the mask can be read at once (the CPU), one with nothing in some image is refused; elsewhere its term becomes 0
 * instead of NaN.
 *
 * @throws ArgumentError `empty_split`.
 */
export function shareOf(name: string, mask: Tensor, side: string): Tensor {
  const batch = mask.shape[0] ?? 1;
  if (mask.device === "cpu") {
    const empty = mask
      .reshape([batch, mask.size / batch])
      .sum(1)
      .dataSync()
      .findIndex((n) => n === 0);
    if (empty >= 0) {
      throw new ArgumentError(
        `${name}: the split leaves nothing ${side} for image ${empty} of the batch; measure more, change the split ratio, or give another mask generator.`,
        "empty_split",
      );
    }
  }
  return mask.mean().maximum(0.5 / mask.size);
}
