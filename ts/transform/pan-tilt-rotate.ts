import { Homography, type HomographyLimit, type HomographyOptions, type ProjectiveOptions } from "./homography.js";

/** Options of {@link PanTiltRotate}. */
export type PanTiltRotateOptions = ProjectiveOptions & Pick<HomographyOptions, "thetaMax" | "thetaZMax">;

/**
 * Random rotations of the camera in space, SO(3): pan, tilt and roll, with their perspective; a {@link Homography}.
 *
 * Its options `thetaMax` and `thetaZMax`, and its parameters, are those of {@link Homography}.
 */
export class PanTiltRotate extends Homography {
  protected static override readonly varying: readonly HomographyLimit[] = ["thetaMax", "thetaZMax"];

  /** @throws ArgumentError `unknown_option`, `invalid_argument`. */
  constructor(options: PanTiltRotateOptions = {}) {
    super(options);
  }
}
