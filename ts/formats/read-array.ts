import { FormatError } from "../runtime/index.js";
import type { ArrayFile, ArrayRequest } from "./array.js";
import { readDicom } from "./dicom.js";
import { detectFormat } from "./detect.js";
import { isDicom } from "./dicom-header.js";
import { isFits, readFits } from "./fits.js";
import { readHdf5 } from "./hdf5.js";
import { isHdf5 } from "./hdf5-file.js";
import { expansionLimit, gunzip, isGzip } from "./inflate.js";
import { isNifti, readNifti } from "./nifti.js";
import { isNpy, isNpz, readNpy, readNpz } from "./npy.js";
import { type ByteSource, bytesSource, readHead } from "./source.js";
import { openZip } from "./zip.js";

/** Bytes that the formats are told by. */
const HEAD = 4096;

/**
 * Reads an array of a file of any format; the content decides, not the name.
 *
 * @throws FormatError `file_unknown` where it is none of them; see the reader of each format.
 */
export async function readArrayFile(source: ByteSource, request: ArrayRequest): Promise<ArrayFile> {
  const head = await readHead(source, HEAD);
  if (!isGzip(head)) return await readByContent(source, head, request);
  const packed = await source.read(0, source.size);
  const bytes = await gunzip(packed, expansionLimit(packed.length, request.maxBytes));
  const inner = bytesSource(bytes, source.name);
  return await readByContent(inner, await readHead(inner, HEAD), request);
}

async function readByContent(source: ByteSource, head: Uint8Array, request: ArrayRequest): Promise<ArrayFile> {
  if (isNpy(head)) return await readNpy(source, request);
  if (isFits(head)) return await readFits(source, request);
  if (isHdf5(head)) return await readHdf5(source, request);
  if (isDicom(head)) return await readDicom(source, request);
  if (isNifti(head)) return await readNifti(source, request);
  if (head[0] === 0x50 && head[1] === 0x4b && isNpz(await openZip(source))) return await readNpz(source, request);
  throw new FormatError(`${guess(head)}.`, "file_unknown");
}

/** What a file of another format begins like, and what to do with it. */
function guess(head: Uint8Array): string {
  const text = String.fromCharCode(...head.subarray(0, 132));
  const expected = "expected NumPy, NIfTI, FITS, DICOM, HDF5 or Zarr";
  if (head.length === 0) return `the file is empty; ${expected}`;
  if (/^(?:\x89PNG|\xff\xd8\xff|II\*\0|MM\0\*|II\+\0|MM\0\+|GIF8|RIFF)/.test(text)) {
    return "this is an image; read it with readPixels or readImage";
  }
  if (text.startsWith("MATLAB 5.0")) return "this is a MATLAB file before 7.3; save it with save(name, '-v7.3')";
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const isAnalyze = head.length >= 348 && [true, false].some((little) => view.getInt32(0, little) === 348);
  if (isAnalyze) return "this is the header of an Analyze file; save it with its .img file as one .nii file";
  // The first group of elements, 8, and one of its numbers.
  if (text.startsWith("\x08\0") && text[3] === "\0" && (head[2] as number) <= 0x18)
    return "this may be a DICOM file without its preamble; write it with one: dcmconv in.dcm out.dcm";
  const known = detectFormat(head);
  if (known?.kind === "other") return `this is ${known.name}, which is not read; ${known.advice}`;
  if (head[8] === 0x7b || text.startsWith("PK")) return "this may hold weights; read it with readWeights";
  return `the format is not known; ${expected}`;
}
