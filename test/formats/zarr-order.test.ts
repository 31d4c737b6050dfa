import { beforeAll, describe, expect, it } from "vitest";
import { readArray } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";
import { zarrFolder } from "./zarr-folder.js";

beforeAll(async () => await init());

const v2 = {
  zarr_format: 2,
  shape: [3, 2],
  chunks: [2, 2],
  dtype: "|u1",
  fill_value: 0,
  compressor: null,
  filters: null,
};

describe("values of Zarr are in C order, however chunks store them", () => {
  // The array [[1, 2], [3, 4], [5, 6]] in two chunks, the last of them half beyond the array.
  const rows = { "0.0": Uint8Array.from([1, 2, 3, 4]), "1.0": Uint8Array.from([5, 6, 0, 0]) };
  const columns = { "0.0": Uint8Array.from([1, 3, 2, 4]), "1.0": Uint8Array.from([5, 0, 6, 0]) };

  it.each([
    ["version 2, order C", { ".zarray": { ...v2, order: "C" }, ...rows }],
    ["version 2, order F", { ".zarray": { ...v2, order: "F" }, ...columns }],
    [
      "version 3, transposed",
      {
        "zarr.json": {
          zarr_format: 3,
          node_type: "array",
          shape: [3, 2],
          data_type: "uint8",
          chunk_grid: { name: "regular", configuration: { chunk_shape: [2, 2] } },
          chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
          fill_value: 0,
          codecs: [{ name: "transpose", configuration: { order: [1, 0] } }, { name: "bytes" }],
        },
        "c/0/0": columns["0.0"],
        "c/1/0": columns["1.0"],
      },
    ],
  ])("%s", async (_, files) => {
    const path = zarrFolder(files);
    const { data, shape } = await readArray(path);
    expect([shape, [...data]]).toEqual([
      [3, 2],
      [1, 2, 3, 4, 5, 6],
    ]);
    expect([...(await readArray(path, { slice: [[1, 3]] })).data]).toEqual([3, 4, 5, 6]);
    expect([...(await readArray(path, { slice: [null, 1] })).data]).toEqual([2, 4, 6]);
  });

  it.each(["C", "F"])("volumes, order %s", async (order) => {
    const volume = Uint8Array.from({ length: 24 }, (_, i) => i);
    const stored = volume.map((_, at) => {
      const [i, j, k] = [at % 2, Math.floor(at / 2) % 3, Math.floor(at / 6)];
      return order === "C" ? at : (i * 3 + j) * 4 + k;
    });
    const array = { ...v2, shape: [2, 3, 4], chunks: [2, 3, 4], order };
    expect((await readArray(zarrFolder({ ".zarray": array, "0.0.0": stored }))).data).toEqual(volume);
  });
});

it("an array without axes is one number", async () => {
  const array = { ...v2, shape: [], chunks: [], dtype: "<f4", order: "C" };
  const { data, shape } = await readArray(
    zarrFolder({ ".zarray": array, "0": new Uint8Array(Float32Array.of(3.5).buffer) }),
  );
  expect([shape, [...data]]).toEqual([[], [3.5]]);
});

it("a codec that is not read is named", async () => {
  const array = { ...v2, order: "C", compressor: { id: "bz2", level: 1 } };
  await expect(readArray(zarrFolder({ ".zarray": array, "0.0": Uint8Array.of(1) }))).rejects.toMatchObject({
    name: "FormatError",
    code: "file_unsupported",
    message: expect.stringContaining("codec numcodecs.bz2") as string,
  });
});
