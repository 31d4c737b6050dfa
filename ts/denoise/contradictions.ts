import type { Pixels } from "../io/index.js";
import { ShapeError } from "../runtime/index.js";
import { type NoiseEstimate, noiseVariance } from "./noise-estimate.js";

/**
 * What the data say against a restored image: sentences; none where it may be right.
 *
 * The difference of the two images must not be much larger than the noise.
 *
 * @throws ShapeError `shape_mismatch`.
 */
export function contradictions(noisy: Pixels, clean: Pixels, noise: NoiseEstimate): string[] {
  if (noisy.shape.join() !== clean.shape.join()) {
    throw new ShapeError(
      `denoise.contradictions: the noisy image is [${noisy.shape.join(", ")}], the restored one ` +
        `[${clean.shape.join(", ")}], expected the same shape.`,
      "shape_mismatch",
    );
  }
  let [removed, expected] = [0, 0];
  for (let i = 0; i < noisy.data.length; i++) {
    const x = clean.data[i] as number;
    removed += ((noisy.data[i] as number) - x) ** 2;
    expected += noiseVariance(noise, x);
  }
  const ratio = Math.sqrt(removed / expected);
  if (!(ratio > 1.5)) return [];
  return [`what was removed is ${ratio.toPrecision(2)} times as large as the noise.`];
}
