import { beforeAll, expect, it } from "vitest";
import { readArray } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";

beforeAll(async () => await init());

function headOf(length: number, ...parts: readonly (readonly [at: number, bytes: readonly number[] | string])[]) {
  const bytes = new Uint8Array(length);
  for (const [at, part] of parts) bytes.set(typeof part === "string" ? new TextEncoder().encode(part) : part, at);
  return bytes;
}

it.each([
  ["MRC", headOf(1024, [208, "MAP "]), /MRC, which is not read; convert it/],
  ["NRRD", headOf(100, [0, "NRRD0005\n"]), /NRRD/],
  ["NetCDF 3", headOf(100, [0, "CDF\x01"]), /NetCDF, .* NetCDF 4/],
  ["Analyze", headOf(348, [0, [0x5c, 1, 0, 0]]), /Analyze .* one \.nii file/],
  ["Analyze, big-endian", headOf(348, [0, [0, 0, 1, 0x5c]]), /Analyze/],
  ["DICOM without a preamble", headOf(100, [0, [8, 0, 5, 0, 10, 0, 0, 0]]), /DICOM file without its preamble/],
  ["zeros", headOf(1000), /not known; expected NumPy/],
  ["an older MATLAB", headOf(200, [0, "MATLAB 5.0 MAT-file"]), /v7\.3/],
])("of a file that is no array it is told what it is: %s", async (_, bytes, message) => {
  await expect(readArray(bytes)).rejects.toMatchObject({
    code: "file_unknown",
    message: expect.stringMatching(message),
  });
});
