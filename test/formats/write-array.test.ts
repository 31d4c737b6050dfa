import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { arrayTensor, encodeArray, readArray, writeArray, writeImage } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor } from "../../ts/tensor/index.js";

const path = (name: string): string => fileURLToPath(new URL(`fixtures/arrays/${name}`, import.meta.url));
/** Where check_written.py looks for the files; otherwise they are removed. */
const kept = process.env["ADJOINT_WRITTEN"];
let folder: string;
beforeAll(async () => {
  await init();
  if (kept !== undefined) await mkdir(kept, { recursive: true });
  folder = kept ?? (await mkdtemp(join(tmpdir(), "adjoint-arrays-")));
});
afterAll(async () => {
  if (kept === undefined) await rm(folder, { recursive: true });
});

describe("a file that is read and written has the same values", () => {
  it.each([
    "cube.npy",
    "cube_fortran.npy",
    "scalar.npy",
    "empty.npy",
    ...["bool", "i1", "u1", "be_i2", "le_u2", "be_i4", "le_u4", "be_f4", "le_f8", "be_c8", "le_c16"].map(
      (name) => `type_${name}.npy`,
    ),
    ...["int16", "float32_2", "u1", "i1", "u2", "i4", "u4", "f8", "c8", "c16", "big_endian", "qform", "series"].map(
      (name) => `${name}.nii`,
    ),
    "scaled.nii",
    ...["u1", "i1", "i2", "u2", "i4", "u4", "f4", "f8", "scaled", "blank"].map((name) => `${name}.fits`),
  ])("%s", async (name) => {
    const array = await readArray(path(name));
    const written = join(folder, name);
    expect(await writeArray(written, array)).toEqual({ clipped: 0 });
    const again = await readArray(written);
    expect(again.shape).toEqual(array.shape);
    expect(again.data).toEqual(array.data);
    expect(again.dtype).toBe(array.dtype === "bool" ? "uint8" : array.dtype);
    expect(again.spacing).toEqual(array.spacing);
    expect(again.axes).toEqual(array.axes);
    expect(again.metadata["affine"]).toEqual(array.metadata["affine"]);
    expect(await readdir(folder)).not.toContainEqual(expect.stringMatching(/\.tmp$/));
  });
});

it("carries over what a FITS header says besides the stored values", async () => {
  const array = await readArray(path("scaled.fits"));
  await writeArray(join(folder, "carried.fits"), { ...array, data: Float32Array.from(array.data) });
  const { metadata, dtype } = await readArray(join(folder, "carried.fits"));
  expect(dtype).toBe("float32");
  expect(metadata["header"]).toMatchObject({ OBJECT: "O'Neil", CTYPE1: "RA---TAN", CDELT3: 1e6, BITPIX: -32 });
  expect(metadata["header"]).not.toHaveProperty("BZERO");
  const isHistory = (text: string): boolean => text.startsWith("HISTORY made for a test");
  expect((metadata["cards"] as string[]).some(isHistory)).toBe(true);
});

it("writes the element type that is asked for, and counts what does not fit", async () => {
  const data = Float64Array.of(-1, 0.4, 0.6, 255, 256, NaN);
  const { bytes, clipped } = await encodeArray("x.npy", { data, shape: [6] }, { sample: "uint8" });
  expect(clipped).toBe(3);
  expect([...(await readArray(bytes)).data]).toEqual([0, 0, 1, 255, 255, 0]);
  const float = await encodeArray("x.nii", { data, shape: [6] }, { sample: "float32" });
  expect((await readArray(float.bytes)).dtype).toBe("float32");
});

it("writes tensors, and without a header a plain one with the spacing", async () => {
  const image = tensor(
    Float32Array.from({ length: 24 }, (_, i) => i / 7),
    { shape: [2, 3, 4] },
  );
  for (const ending of ["npy", "nii", "fits", "nii.gz", "fits.gz"]) {
    const file = join(folder, `tensor.${ending}`);
    await writeArray(file, image);
    const read = await readArray(file);
    expect(read.shape).toEqual([2, 3, 4]);
    expect(arrayTensor(read).sub(image).abs().max().itemSync()).toBe(0);
  }
  const spacing = [0.5, 2, 3];
  const affine = [
    [0, -2, 0, 1],
    [0.5, 0, 0, 2],
    [0, 0, 3, 3],
    [0, 0, 0, 1],
  ];
  await writeArray(join(folder, "plain.nii"), {
    data: new Int16Array(24),
    shape: [2, 3, 4],
    spacing,
    metadata: { affine },
  });
  expect(await readArray(join(folder, "plain.nii"))).toMatchObject({ spacing, metadata: { affine }, dtype: "int16" });
});

it("refuses what it cannot write", async () => {
  const array = { data: new Float32Array(6), shape: [2, 3] };
  await expect(writeArray(join(folder, "x.dcm"), array)).rejects.toMatchObject({ code: "invalid_argument" });
  await expect(writeArray(join(folder, "x.npy"), { ...array, shape: [5] })).rejects.toMatchObject({
    code: "shape_mismatch",
  });
  await expect(writeArray(join(folder, "x.npy"), [1, 2] as never)).rejects.toMatchObject({ code: "invalid_argument" });
  await expect(writeArray(join(folder, "x.npy"), array, { sample: "int64" as never })).rejects.toMatchObject({
    code: "invalid_argument",
  });
  const number = { data: new Float32Array(1), shape: [] };
  for (const name of ["x.fits", "x.fits.gz", "x.nii"])
    await expect(writeArray(join(folder, name), number)).rejects.toMatchObject({ code: "file_unsupported" });
  const shape = [1, 1, 1, 1, 1, 1, 2, 3];
  await expect(writeArray(join(folder, "x.nii"), { ...array, shape })).rejects.toMatchObject({
    code: "file_unsupported",
  });
});

it("writeImage writes .npy with the shape of the tensor", async () => {
  const image = tensor(Float32Array.of(0, 0.5, 1, 2), { shape: [1, 1, 2, 2] });
  const file = join(folder, "image.npy");
  await writeImage(file, image);
  expect(await readArray(file)).toMatchObject({ data: Float32Array.of(0, 0.5, 1, 2), shape: [1, 1, 2, 2] });
  expect(await writeImage(file, image, { sample: "uint16" })).toMatchObject({ clipped: 1 });
  expect((await readArray(file)).data).toEqual(Uint16Array.of(0, 32768, 65535, 65535));
});
