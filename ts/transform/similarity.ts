import { Homography, type HomographyLimit, type HomographyOptions, type ProjectiveOptions } from "./homography.js";

/** Options of {@link Similarity}. */
export type SimilarityOptions = ProjectiveOptions & Pick<HomographyOptions, "thetaZMax" | "zoomFactorMin" | "shiftMax">;

/**
 * Random similarities: rotation in the plane, zoom and shift; a {@link Homography} that keeps angles.
 *
 * Its options `thetaZMax`, `zoomFactorMin` and `shiftMax`, and its parameters, are those of {@link Homography}.
 */
export class Similarity extends Homography {
  protected static override readonly varying: readonly HomographyLimit[] = ["thetaZMax", "zoomFactorMin", "shiftMax"];

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: SimilarityOptions = {}) {
    super(options);
  }
}
