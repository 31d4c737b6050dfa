import { type NoiseEstimate, noiseLevel } from "../noise-estimate.js";

const short = (value: number): string => String(Number(value.toPrecision(3)));

/** What was found, in one sentence. */
export function describeNoise(estimate: Omit<NoiseEstimate, "found">): string {
  const { noise, sigma = 0, gain = 0, looks = 0, offset, clipLow, clipHigh, correlation } = estimate;
  const level = noiseLevel(estimate);
  if (!(level > 0 && Number.isFinite(level)))
    return "No noise was found: flat parts have none, or structure hides it everywhere.";
  const text = {
    gaussian: `gaussian noise of standard deviation ${short(sigma)}, the same in dark and bright parts`,
    poisson: `poisson noise of gain ${short(gain)}, its variance grows with the brightness from 0`,
    "poisson-gaussian":
      `poisson-gaussian noise of gain ${short(gain)}, ` +
      (offset === undefined ? `with read noise of standard deviation ${short(sigma)}` : `above ${short(offset)}`),
    gamma: `gamma noise of ${short(looks)} looks, it grows in proportion to the brightness`,
  }[noise];
  const ends = [clipLow, clipHigh].filter((end) => end !== undefined).map(short);
  const clipped = ends.length > 0 ? `; clipped at ${ends.join(" and ")}` : "";
  const correlated =
    correlation > 0
      ? `; neighbouring pixels vary together (correlation ${correlation.toFixed(2)}), as after JPEG compression or ` +
        "scaling, or in fine structure: only what is independent counts as noise"
      : "";
  return `${text}${clipped}${correlated}.`;
}
