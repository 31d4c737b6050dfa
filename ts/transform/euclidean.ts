import { Homography, type HomographyLimit, type HomographyOptions, type ProjectiveOptions } from "./homography.js";

/** Options of {@link Euclidean}. */
export type EuclideanOptions = ProjectiveOptions & Pick<HomographyOptions, "thetaZMax" | "shiftMax">;

/**
 * Random Euclidean motions: rotation in the plane and shift; a {@link Homography} that keeps distances.
 *
 * Its options `thetaZMax` and `shiftMax`, and its parameters, are those of {@link Homography}.
 */
export class Euclidean extends Homography {
  protected static override readonly varying: readonly HomographyLimit[] = ["thetaZMax", "shiftMax"];

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: EuclideanOptions = {}) {
    super(options);
  }
}
