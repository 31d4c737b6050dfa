import { Homography, type HomographyLimit, type HomographyOptions, type ProjectiveOptions } from "./homography.js";

/** Options of {@link Affine}. */
export type AffineOptions = ProjectiveOptions &
  Pick<
    HomographyOptions,
    "thetaZMax" | "zoomFactorMin" | "shiftMax" | "skewMax" | "xStretchFactorMin" | "yStretchFactorMin"
  >;

/**
 * Random affine maps: rotation in the plane, zoom, shift, skew and stretch; a {@link Homography} without pan and tilt.
 *
 * Its options and parameters are those of {@link Homography}, without `thetaMax`.
 */
export class Affine extends Homography {
  protected static override readonly varying: readonly HomographyLimit[] = [
    "thetaZMax",
    "zoomFactorMin",
    "shiftMax",
    "skewMax",
    "xStretchFactorMin",
    "yStretchFactorMin",
  ];

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: AffineOptions = {}) {
    super(options);
  }
}
