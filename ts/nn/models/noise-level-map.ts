import { ArgumentError, ShapeError, shown } from "../../runtime/index.js";
import { perImage } from "../../functional/index.js";
import { full, Tensor } from "../../tensor/index.js";
import type { Condition } from "../types.js";

/** The noise level of a condition: itself, or that of a physics' noise, where it has one. */
export function noiseLevel(condition: Condition | undefined): number | Tensor | undefined {
  if (typeof condition === "number" || condition instanceof Tensor || condition === undefined) return condition;
  const sigma = (condition?.noiseModel as { sigma?: unknown } | undefined)?.sigma;
  return typeof sigma === "number" || sigma instanceof Tensor ? sigma : undefined;
}

/**
 * The noise level of each pixel, `[B, 1, H, W]`, for images `[B, C, H, W]`: of one level for all, one for each image
 * (`[B]`), or a map.
 *
 * @throws ArgumentError `missing_argument` where there is no level; ShapeError `shape_mismatch`.
 */
export function noiseLevelMap(caller: string, x: Tensor, condition: Condition | undefined): Tensor {
  const sigma = noiseLevel(condition);
  if (sigma === undefined || sigma === null) {
    const what = condition === undefined ? "there is no second argument" : "the noise of the physics has no sigma";
    throw new ArgumentError(
      `${caller}: ${what}, expected the noise level; call forward(x, sigma), with the standard deviation of the noise.`,
      "missing_argument",
    );
  }
  const [batch = 0, , height = 0, width = 0] = x.shape;
  const level = perImage(caller, "sigma", sigma, x);
  if (typeof level === "number") {
    return full([1, 1, 1, 1], level, { dtype: x.dtype, device: x.device }).expand([batch, 1, height, width]);
  }
  if (level.shape[1] !== 1) {
    throw new ShapeError(
      `${caller}: sigma has shape [${level.shape.join(", ")}], expected one map for all channels: ` +
        `[${batch}, 1, ${height}, ${width}].`,
      "shape_mismatch",
    );
  }
  return level.expand([batch, 1, height, width]);
}

/**
 * Refuses what is not `[B, channels, H, W]`.
 *
 * @throws ShapeError `shape_mismatch`.
 */
export function checkImages(caller: string, x: Tensor, channels: number): readonly [number, number, number, number] {
  const [batch, found, height, width] = x.shape;
  if (x.shape.length !== 4 || found !== channels) {
    throw new ShapeError(
      `${caller}: input has shape [${x.shape.join(", ")}], expected [batch, ${channels}, height, width].`,
      "shape_mismatch",
    );
  }
  return [batch, found, height, width] as [number, number, number, number];
}

/** Images extended at the bottom and the right by their last row and column to sides that `factor` divides. */
export function replicateTo(x: Tensor, factor: number): Tensor {
  const [, , height = 0, width = 0] = x.shape;
  const [down, right] = [(factor - (height % factor)) % factor, (factor - (width % factor)) % factor];
  return down === 0 && right === 0 ? x : x.pad([0, 0, 0, 0, 0, down, 0, right], { mode: "replicate" });
}

/** A word of a norm, or null. */
export function checkNorm<W extends string>(caller: string, norm: W | null, words: readonly W[]): W | null {
  if (norm === null || words.includes(norm)) return norm;
  throw new ArgumentError(
    `${caller}: norm is ${shown(norm)}, expected null or one of ${words.map((word) => `"${word}"`).join(", ")}.`,
    "invalid_argument",
  );
}
