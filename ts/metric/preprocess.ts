import { imageDims, magnitude, safeSqrt } from "../functional/index.js";
import { ShapeError } from "../runtime/index.js";
import { where, type Tensor } from "../tensor/index.js";
import { quotient } from "./quotient.js";

/**
 * How both images are normalised before they are compared. A channel of zeros stays zero with `"l2"`; a constant image
 * is clamped to [0, 1] with `"min_max"`, and becomes the mean of the reference, with gradient zero, with
 * `"standardize"`.
 */
export type NormInputs = "l2" | "min_max" | "clip" | "standardize" | "none";

/**
 * Refuses what is not `[B, C, H, W]` with an allowed number of channels.
 *
 * @throws ShapeError `shape_mismatch`.
 */
export function checkImages(t: Tensor, name: string, channels?: readonly number[]): void {
  const fits = t.shape.length === 4 && (!channels || channels.includes(t.shape[1] ?? 0));
  if (fits && !t.shape.includes(0)) return;
  const count = channels ? ` with C = ${channels.join(" or ")}` : "";
  throw new ShapeError(
    `${name}: images must have shape [B, C, H, W]${count}, got [${t.shape.join(", ")}].`,
    "shape_mismatch",
  );
}

/** Complex magnitude of a two-channel tensor: `[B, 2, ...]` to `[B, 1, ...]`. */
export function complexMagnitude(t: Tensor, name: string): Tensor {
  if (t.shape.length < 2 || t.shape[1] !== 2) {
    throw new ShapeError(
      `${name}: complexAbs needs two channels (real, imaginary) in dimension 1, got shape [${t.shape.join(", ")}].`,
      "shape_mismatch",
    );
  }
  return magnitude(t);
}

/**
 * Crops the centre (positive sizes) or removes a border (zero or negative sizes).
 *
 * A number applies to every dimension after the first two; a list applies to the last dimensions.
 */
export function centerCropImages(t: Tensor, crop: number | readonly number[], name: string): Tensor {
  const rank = t.shape.length;
  const sizes = typeof crop === "number" ? new Array<number>(Math.max(rank - 2, 0)).fill(crop) : crop;
  if (rank < 2 + sizes.length) {
    throw new ShapeError(
      `${name}: centerCrop of ${sizes.length} dimensions needs a tensor of at least ${2 + sizes.length} dimensions, ` +
        `got shape [${t.shape.join(", ")}].`,
      "shape_mismatch",
    );
  }
  const starts = t.shape.map(() => 0);
  const ends = [...t.shape];
  sizes.forEach((size, i) => {
    const dim = rank - sizes.length + i;
    const length = t.shape[dim] ?? 0;
    if (size > length || (size <= 0 && -2 * size >= length)) {
      throw new ShapeError(
        `${name}: centerCrop ${size} does not fit dimension ${dim} of size ${length} ` +
          `(shape [${t.shape.join(", ")}]).`,
        "shape_mismatch",
      );
    }
    const start = size > 0 ? Math.floor((length - size) / 2) : -size;
    starts[dim] = start;
    ends[dim] = size > 0 ? start + size : length + size;
  });
  return t.slice(starts, ends);
}

/** Normalises the images of a batch one by one; what is constant as {@link NormInputs} says. */
export function normalizeImages(t: Tensor, mode: "l2" | "min_max" | "clip"): Tensor {
  if (mode === "clip") return t.clamp(0, 1);
  if (mode === "l2") {
    const rank = t.shape.length;
    return quotient(t, safeSqrt(t.square().sum([rank - 2, rank - 1], true)));
  }
  const low = t.min(imageDims(t), true);
  const range = t.max(imageDims(t), true).sub(low);
  // A constant image has no range: it is clamped to [0, 1] instead.
  const constant = range.detach().eq(0);
  return where(constant, t.clamp(0, 1), t.sub(low).div(range.add(constant)));
}

/** Gives each image of `t` the mean and (unbiased) standard deviation of the same image of `reference`. */
export function standardizeImages(t: Tensor, reference: Tensor): Tensor {
  const mean = t.mean(imageDims(t), true);
  const scale = quotient(standardDeviation(reference), standardDeviation(t));
  return t
    .sub(mean)
    .mul(scale)
    .add(reference.mean(imageDims(reference), true));
}

/** The unbiased standard deviation of each image; of a constant one exactly 0, with gradient zero. */
function standardDeviation(t: Tensor): Tensor {
  const dims = imageDims(t);
  // Rounding of the mean leaves a tiny variance, and of one pixel it is 0 / 0.
  const constant = t.detach().max(dims, true).eq(t.detach().min(dims, true));
  const centred = where(constant, 0, t.sub(t.mean(dims, true)));
  const count = dims.reduce((product, dim) => product * (t.shape[dim] ?? 1), 1);
  return safeSqrt(
    centred
      .square()
      .sum(dims, true)
      .div(Math.max(count - 1, 1)),
  );
}
