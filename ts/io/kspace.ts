import { type ArrayFile, sortAcquisitions } from "../formats/index.js";
import { checkArray } from "./check-array.js";

/**
 * Sorts the acquisitions of an ISMRMRD file, as {@link readArray} gives them, into Cartesian k-space.
 *
 * The result is `[..., coils, lines, samples, 2]`; before the coils there are axes for the counters repetition, set,
 * phase, contrast, slice and kspaceEncodeStep2 that are not 0 everywhere. Lines that were measured several times are
 * averaged, others are 0. Segments and averages are no axes.
 *
 * @throws ShapeError `shape_mismatch` where the array has no counters, one for each acquisition; ArgumentError
 * `invalid_argument` where it is no array; FormatError `file_too_large` where the counters ask for more than 4 GiB.
 */
export function cartesianKspace(acquisitions: ArrayFile): ArrayFile {
  return sortAcquisitions(checkArray("cartesianKspace", acquisitions));
}
