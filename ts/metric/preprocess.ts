import { magnitude, safeSqrt } from "../functional/index.js";
import { ShapeError } from "../runtime/index.js";
import { where, type Tensor } from "../tensor/index.js";

/** How both images are normalised before they are compared. */
export type NormInputs = "l2" | "min_max" | "clip" | "standardize" | "none";

/** Every dimension of `t` but the batch dimension. */
export function imageDims(t: Tensor): number[] {
  return t.shape.slice(1).map((_, i) => i + 1);
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
      `${name}: centerCrop of ${sizes.length} dimensions needs a tensor of at least ${2 + sizes.length} dimensions, got shape [${t.shape.join(", ")}].`,
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
        `${name}: centerCrop ${size} does not fit dimension ${dim} of size ${length} (shape [${t.shape.join(", ")}]).`,
        "shape_mismatch",
      );
    }
    const start = size > 0 ? Math.floor((length - size) / 2) : -size;
    starts[dim] = start;
    ends[dim] = size > 0 ? start + size : length + size;
  });
  return t.slice(starts, ends);
}

/** Normalises the images of a batch one by one (modes that need one image only). */
export function normalizeImages(t: Tensor, mode: "l2" | "min_max" | "clip"): Tensor {
  if (mode === "clip") return t.clamp(0, 1);
  if (mode === "l2") {
    const rank = t.shape.length;
    const length = safeSqrt(t.square().sum([rank - 2, rank - 1], true));
    return t.div(length.clamp(1e-30, Infinity));
  }
  const low = t.min(imageDims(t), true);
  const range = t.max(imageDims(t), true).sub(low);
  // A constant image has no range: it is clamped to [0, 1] instead.
  const constant = range.detach().eq(0);
  return where(constant, t.clamp(0, 1), t.sub(low).div(range.add(constant)));
}

/** Gives each image of `t` the mean and (unbiased) standard deviation of the same image of `reference`. */
export function standardizeImages(t: Tensor, reference: Tensor): Tensor {
  const stats = (s: Tensor): [Tensor, Tensor] => [s.mean(imageDims(s), true), s.std(imageDims(s), true)];
  const [mean, deviation] = stats(t);
  const [targetMean, targetDeviation] = stats(reference);
  return t.sub(mean).div(deviation).mul(targetDeviation).add(targetMean);
}
