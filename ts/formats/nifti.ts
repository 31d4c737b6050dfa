import { type ArrayFile, type ArrayRequest, keptAxes, readStored, scaled } from "./array.js";
import { type ArrayData, components, elementSize, type ElementType, swapBytes } from "./elements.js";
import { invalid, unsupported } from "./fail.js";
import { FORMAT, NiftiHeader } from "./nifti-header.js";
import { type ByteSource, readHead } from "./source.js";
import { copy, denseStrides } from "./strided.js";

export function isNifti(head: Uint8Array): boolean {
  return NiftiHeader.find(head) !== undefined;
}

const AXES = ["x", "y", "z", "t", "dim5", "dim6", "dim7"];

/**
 * Reads a NIfTI file, version 1 or 2 (Cox et al., "A (sort of) new image data format standard: NIfTI-1", 2004).
 *
 * The shape is `[X, Y, Z, ...]` as nibabel's. Where the file scales its values (`scl_slope`, `scl_inter`) they are
 * float64. `metadata` has `affine` (indices to millimetres), `units` and `header`, which `writeArray` takes over.
 *
 * @throws FormatError `file_invalid`, `file_truncated`, `file_unsupported`, `file_too_large`.
 */
export async function readNifti(source: ByteSource, request: ArrayRequest): Promise<ArrayFile> {
  const header = NiftiHeader.find(await readHead(source, 540));
  if (header === undefined) throw invalid(FORMAT, "the header is damaged");
  if (header.isPair) {
    throw unsupported(FORMAT, "the values are in an .img file beside this header; save both as one .nii file");
  }
  const { shape, type, littleEndian } = header;
  const begin = header.get("voxOffset");
  if (!Number.isSafeInteger(begin) || begin < header.bytes.length)
    throw invalid(FORMAT, `the values begin at byte ${begin} (vox_offset), expected ${header.bytes.length} or more`);
  const array = { format: FORMAT, begin, type, littleEndian, shape, order: "F" as const };
  const stored = await readStored(source, array, request);
  const [slope, inter] = [header.get("slope"), header.get("inter")];
  const isScaled = Number.isFinite(slope) && slope !== 0 && Number.isFinite(inter) && (slope !== 1 || inter !== 0);
  const width = components(type);
  return {
    data: isScaled ? scaled(stored.data, slope, inter, width) : stored.data,
    shape: stored.shape,
    dtype: isScaled ? (width === 2 ? "complex128" : "float64") : type,
    axes: keptAxes(stored.selection, AXES),
    spacing: keptAxes(
      stored.selection,
      shape.map((_, axis) => Math.abs(header.get("pixdim", axis + 1))),
    ),
    metadata: {
      format: `NIfTI-${header.version}`,
      affine: header.affine,
      units: header.units,
      ...(isScaled && { stored: { dtype: type, slope, inter } }),
      header: header.bytes,
      ...stored.notes,
    },
  };
}

/** What {@link encodeNifti} writes besides the values. */
export interface NiftiOptions {
  /** The header of the file that was read, as `metadata.header`; it is changed only where the values ask for it. */
  readonly header?: Uint8Array | undefined;
  readonly spacing?: readonly number[] | undefined;
  /** The map from indices to millimetres, 4 x 4. */
  readonly affine?: readonly (readonly number[])[] | undefined;
}

/**
 * The bytes of a NIfTI file: values in C order with shape `[X, Y, Z, ...]`, complex ones with a last axis of 2.
 *
 * Extensions of the header are not carried over: they may hold a person's data.
 *
 * @throws FormatError `file_unsupported` where the array has more than 7 axes.
 */
export function encodeNifti(
  data: ArrayData,
  complex: boolean,
  shape: readonly number[],
  options: NiftiOptions,
): Uint8Array {
  const type = typeOf(data, complex);
  const width = components(type);
  const sizes = width === 2 ? shape.slice(0, -1) : shape;
  if (sizes.length === 0 || sizes.length > 7)
    throw unsupported(FORMAT, `an array of ${sizes.length} axes; expected 1 to 7`);
  const carried = options.header && NiftiHeader.find(options.header);
  const needs2 = sizes.some((size) => size > 32767);
  const header =
    carried && !(needs2 && carried.version === 1) ? carried : freshHeader(needs2 ? 2 : 1, sizes.length, options);
  for (let axis = 0; axis < 8; axis++) header.set("dim", axis === 0 ? sizes.length : (sizes[axis - 1] ?? 1), axis);
  header.setType(type, elementSize[type]);
  // The values are in their units: nothing is left to scale.
  header.set("slope", 1);
  header.set("inter", 0);
  // Four bytes after the header say that there are no extensions.
  const begin = header.version === 1 ? 352 : 544;
  header.set("voxOffset", begin);
  const bytes = new Uint8Array(begin + data.byteLength);
  bytes.set(header.bytes);
  const values = new (data.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => ArrayData)(
    bytes.buffer,
    begin,
    data.length,
  );
  const target = { offset: 0, shape: sizes, strides: denseStrides(sizes, "F") };
  copy(data, { ...target, strides: denseStrides(sizes) }, values, target, width);
  if (!header.littleEndian) swapBytes(bytes.subarray(begin), data.BYTES_PER_ELEMENT);
  return bytes;
}

/** The element type of values in memory. */
function typeOf(data: ArrayData, complex: boolean): ElementType {
  const name = data.constructor.name.replace("Array", "").toLowerCase();
  return (complex ? (name === "float64" ? "complex128" : "complex64") : name) as ElementType;
}

function freshHeader(version: 1 | 2, rank: number, options: NiftiOptions): NiftiHeader {
  const header = NiftiHeader.empty(version);
  header.set("pixdim", 1);
  for (let axis = 1; axis < 8; axis++) header.set("pixdim", options.spacing?.[axis - 1] ?? 1, axis);
  header.set("units", rank > 3 ? 2 + 8 : 2);
  const { affine } = options;
  if (affine?.length === 4 && affine.every((row) => row.length === 4)) {
    header.set("sformCode", 2);
    affine.slice(0, 3).forEach((row, i) => row.forEach((value, j) => header.set("srow", value, 4 * i + j)));
  }
  return header;
}
