import { fileURLToPath } from "node:url";
import { beforeAll, expect, it } from "vitest";
import { DataLoader, HDF5Dataset } from "../../ts/data/index.js";
import { readArray } from "../../ts/io/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory } from "../../ts/tensor/index.js";

const path = (name: string): string => fileURLToPath(new URL(`../formats/fixtures/arrays/${name}`, import.meta.url));
const fastmri = path("fastmri.h5");

beforeAll(async () => {
  await init();
});

it("gives slices of the first axis: complex ones with two channels first, images with one", async () => {
  const data = await HDF5Dataset.open({ path: fastmri, y: "kspace", x: "reconstruction_rss", scale: 1e4 });
  expect(data.length).toBe(3);
  const kspace = await readArray(fastmri, { dataset: "kspace" });
  const target = await readArray(fastmri, { dataset: "reconstruction_rss" });
  for (const index of [2, 0]) {
    const { x, y } = await data.get(index);
    expect(y?.shape).toEqual([2, 8, 6]);
    expect(x?.shape).toEqual([1, 4, 4]);
    const [values, truth] = [y!.dataSync(), x!.dataSync()];
    for (let i = 0; i < 48; i++) {
      for (const part of [0, 1])
        expect(values[part * 48 + i]).toBe(Math.fround(1e4 * kspace.data[2 * (48 * index + i) + part]!));
    }
    truth.forEach((value, i) => expect(value).toBe(Math.fround(1e4 * target.data[16 * index + i]!)));
  }
  await data.close();
});

it("joins files, serves a loader and calls at the same time, and leaves no tensors", async () => {
  const data = await HDF5Dataset.open({
    path: [fastmri, fastmri],
    y: "kspace",
    params: { level: "reconstruction_rss" },
  });
  expect(data.length).toBe(6);
  const before = memory().tensors;
  const samples = await Promise.all([0, 5, 1, 3, 2, 4].map(async (index) => await data.get(index)));
  const [first, , , third] = samples;
  expect(first?.y?.dataSync()).toEqual(third?.y?.dataSync());
  expect(first?.params?.["level"]?.shape).toEqual([1, 4, 4]);
  for (const { y, params } of samples) [y, params?.["level"]].forEach((value) => value?.dispose());
  expect(memory().tensors).toBeLessThanOrEqual(before);
  const loader = new DataLoader({ dataset: data, batchSize: 3, rng: new Rng(0) });
  for await (const batch of loader) expect(batch.y?.shape).toEqual([3, 2, 8, 6]);
  await data.close();
});

it("says what is wrong with names, sizes and indices", async () => {
  await expect(HDF5Dataset.open({ path: fastmri })).rejects.toMatchObject({ code: "missing_argument" });
  await expect(HDF5Dataset.open({ path: fastmri, y: "kspce" })).rejects.toMatchObject({
    code: "missing_key",
    message: expect.stringContaining('did you mean "kspace"') as string,
  });
  await expect(HDF5Dataset.open({ path: fastmri, y: "kspace", params: { mask: "mask" } })).rejects.toMatchObject({
    code: "shape_mismatch",
    message: expect.stringContaining("kspace, mask have 3, 6 samples") as string,
  });
  await expect(HDF5Dataset.open({ path: path("none.h5"), y: "a" })).rejects.toMatchObject({ code: "file_not_found" });
  await expect(HDF5Dataset.open({ path: path("cube.npy"), y: "a" })).rejects.toMatchObject({ code: "file_invalid" });
  await expect(HDF5Dataset.open({ path: path("types.h5"), y: "empty" })).rejects.toMatchObject({ code: "empty_data" });
  const data = await HDF5Dataset.open({ path: fastmri, y: "kspace" });
  await expect(data.get(3)).rejects.toMatchObject({ code: "invalid_argument" });
  await expect(data.get(0.5)).rejects.toMatchObject({ code: "invalid_argument" });
});

it("names the file that lacks an array", async () => {
  await expect(HDF5Dataset.open({ path: [fastmri, path("matlab.mat")], y: "kspace" })).rejects.toMatchObject({
    code: "missing_key",
    message: expect.stringContaining(`${path("matlab.mat")}: HDF5: there is no dataset "kspace"`) as string,
  });
});
