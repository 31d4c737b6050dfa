import type { ArrayFile, ArrayRequest } from "./array.js";
import { FORMAT, Hdf5File } from "./hdf5-file.js";
import { isIsmrmrd, readAcquisitions } from "./ismrmrd.js";
import type { ByteSource } from "./source.js";

/**
 * Reads an array of an HDF5 file, among them fastMRI's and MATLAB's 7.3; `dataset` names it.
 *
 * The shape is h5py's. Complex numbers, which are records of two floats, get a last axis of 2. MATLAB stores the first
 * axis densest: its array `[A, B, C]` has here the shape `[C, B, A]`. Of an ISMRMRD file the group of acquisitions can
 * be named too, such as "dataset": then the result is `[acquisitions, coils, samples, 2]`.
 *
 * @throws FormatError `file_invalid`, `file_unsupported`, `file_too_large`; ArgumentError `missing_argument` and
 * `missing_key` with the names of the arrays, `missing_library`.
 */
export async function readHdf5(source: ByteSource, request: ArrayRequest): Promise<ArrayFile> {
  const file = await Hdf5File.open(source);
  try {
    const group = request.dataset?.replace(/^\/+|\/+$/g, "") ?? "dataset";
    if (isIsmrmrd(file, group)) return readAcquisitions(file, group, request);
    const array = file.describe(request.dataset);
    const { data, shape, notes } = file.read(array, request);
    return {
      data,
      shape,
      dtype: array.type,
      metadata: { format: FORMAT, dataset: array.name, attributes: file.attributes(array.name), ...notes },
    };
  } finally {
    file.close();
  }
}
