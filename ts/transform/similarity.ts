import { Homography, type HomographyLimit, type HomographyOptions, type ProjectiveOptions } from "./homography.js";

/** Options of {@link Similarity}. */
export type SimilarityOptions = ProjectiveOptions & Pick<HomographyOptions, "thetaZMax" | "zoomFactorMin" | "shiftMax">;

const FREE = ["thetaZMax", "zoomFactorMin", "shiftMax"] as const satisfies readonly HomographyLimit[];

/**
 * Random similarities: rotation in the plane, zoom and shift; a {@link Homography} that keeps angles.
 *
 * Options `thetaZMax`, `zoomFactorMin`, `shiftMax`, and parameters, are those of {@link Homography}.
 */
export class Similarity extends Homography {
  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: SimilarityOptions = {}) {
    super(options, { className: "Similarity", free: FREE });
  }
}
