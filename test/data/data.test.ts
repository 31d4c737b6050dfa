import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type Batch,
  DataLoader,
  type Dataset,
  ImageFolder,
  NoisyPatches,
  PatchDataset,
  TensorDataset,
} from "../../ts/data/index.js";
import type { Pixels } from "../../ts/io/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { arange, memory, zeros } from "../../ts/tensor/index.js";

const photographs = fileURLToPath(new URL("../../examples/images", import.meta.url));
beforeAll(async () => await init());

const numbers = (count: number) => new TensorDataset({ x: arange(count).reshape([count, 1, 1, 1]) });

/** The numbers in the remaining batches of an epoch, at most `limit` batches. */
async function remaining(loader: DataLoader, limit = Infinity): Promise<number[][]> {
  const seen: number[][] = [];
  while (seen.length < limit) {
    const batch: Batch | undefined = await loader.next();
    if (!batch) break;
    seen.push(Array.from(await batch.x!.data()));
  }
  return seen;
}

describe("DataLoader", () => {
  it("yields every example once per epoch, in order or shuffled", async () => {
    expect(await remaining(new DataLoader({ dataset: numbers(5), batchSize: 2 }))).toEqual([[0, 1], [2, 3], [4]]);
    expect(await remaining(new DataLoader({ dataset: numbers(5), batchSize: 2, dropLast: true }))).toEqual([
      [0, 1],
      [2, 3],
    ]);
    const loader = new DataLoader({ dataset: numbers(20), batchSize: 3, shuffle: true, rng: new Rng(1) });
    const [first, second] = [(await remaining(loader)).flat(), (await remaining(loader)).flat()];
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
    expect(first).not.toEqual(second);
    expect(loader.epoch).toBe(2);
  });

  it("continues exactly from a state that was stored as JSON", async () => {
    const make = (seed: number) =>
      new DataLoader({ dataset: numbers(10), batchSize: 3, shuffle: true, rng: new Rng(seed) });
    for (const steps of [0, 2, 4]) {
      const [loader, other] = [make(3), make(99)];
      await remaining(loader, steps);
      await other.loadState(JSON.parse(JSON.stringify(loader.state())));
      expect(await remaining(other)).toEqual(await remaining(loader));
      expect(await remaining(other)).toEqual(await remaining(loader));
    }
  });

  it("names the shapes of a batch that cannot be stacked, and what makes them one", async () => {
    const colours: Dataset = { length: 2, get: async (index) => ({ x: zeros([index === 0 ? 1 : 3, 4, 4]) }) };
    const loader = new DataLoader({ dataset: colours, batchSize: 2 });
    await expect(loader.next()).rejects.toMatchObject({
      name: "ShapeError",
      code: "shape_mismatch",
      message: expect.stringMatching(/x of the shapes \[1, 4, 4\] and \[3, 4, 4\].*channels/) as string,
    });
  });

  it("stacks x, y and parameters, and disposes of the samples", async () => {
    const dataset = new TensorDataset({
      x: zeros([4, 1, 2, 2]),
      y: zeros([4, 3]),
      params: { mask: zeros([4, 1, 2, 2]) },
    });
    const before = memory().tensors;
    const loader = new DataLoader({ dataset, batchSize: 2 });
    for await (const batch of loader) {
      expect([batch.x!.shape, batch.y!.shape, batch.params!["mask"]!.shape]).toEqual([
        [2, 1, 2, 2],
        [2, 3],
        [2, 1, 2, 2],
      ]);
      for (const value of [batch.x, batch.y, batch.params!["mask"]]) value!.dispose();
    }
    expect(memory().tensors).toBeLessThanOrEqual(before);
  });

  it("refuses empty data and invalid options", () => {
    const empty = { length: 0, get: () => ({}) };
    const caught = (f: () => unknown): unknown => {
      try {
        return f();
      } catch (error) {
        return error;
      }
    };
    expect(caught(() => new DataLoader({ dataset: empty }))).toMatchObject({
      name: "ArgumentError",
      code: "empty_data",
    });
    expect(caught(() => new DataLoader({ dataset: numbers(2), batchSize: 3, dropLast: true }))).toMatchObject({
      code: "empty_data",
    });
    expect(caught(() => new DataLoader({ dataset: numbers(2), batchSize: 0 }))).toMatchObject({
      code: "invalid_argument",
    });
    expect(caught(() => new DataLoader({ dataset: numbers(2), batchsize: 1 } as never))).toMatchObject({
      code: "unknown_option",
      message: expect.stringContaining("batchSize"),
    });
    expect(caught(() => new DataLoader({ dataset: numbers(2), shuffle: 1 } as never))).toMatchObject({
      code: "invalid_argument",
    });
    expect(caught(() => new TensorDataset({}))).toMatchObject({ code: "empty_data" });
    expect(caught(() => new TensorDataset({ x: zeros([2]), y: zeros([3]) }))).toMatchObject({
      name: "ShapeError",
      code: "shape_mismatch",
    });
    expect(caught(() => numbers(2).get(2))).toMatchObject({ code: "invalid_argument" });
  });
});

describe("ImageFolder", () => {
  it("reads the bundled photographs, grey and cropped", async () => {
    const folder = await ImageFolder.open({
      path: photographs,
      channels: "grey",
      size: [32, 40],
      names: ["camera", "chelsea.png"],
    });
    expect(folder.length).toBe(2);
    const { x } = await folder.get(1);
    expect(x!.shape).toEqual([1, 32, 40]);
    const values = await x!.data();
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
  });

  it("names the folder, image or size that is wrong", async () => {
    await expect(ImageFolder.open({ path: `${photographs}/none` })).rejects.toMatchObject({
      name: "ArgumentError",
      code: "file_not_found",
    });
    await expect(ImageFolder.open({ path: photographs, names: ["nobody"] })).rejects.toMatchObject({
      code: "file_not_found",
      message: expect.stringContaining("nobody"),
    });
    await expect(ImageFolder.open({ path: fileURLToPath(new URL(".", import.meta.url)) })).rejects.toMatchObject({
      code: "empty_data",
    });
    const large = await ImageFolder.open({ path: photographs, size: 1000 });
    await expect(large.get(0)).rejects.toMatchObject({ name: "ShapeError", code: "shape_mismatch" });
  });
});

describe("PatchDataset", () => {
  it("cuts x and y at the same random position, the same for the same seed", async () => {
    const image = arange(2 * 6 * 8).reshape([2, 1, 6, 8]);
    const dataset = new PatchDataset({
      dataset: new TensorDataset({ x: image, y: image }),
      size: [3, 4],
      length: 50,
      augment: true,
    });
    const draw = async () => {
      const rng = new Rng(5);
      const values: number[] = [];
      for (let i = 0; i < 50; i++) {
        const { x, y } = await dataset.get(i, { rng });
        expect(x!.shape).toEqual([1, 3, 4]);
        expect(await x!.data()).toEqual(await y!.data());
        values.push((await x!.data())[0] as number);
      }
      return values;
    };
    const values = await draw();
    expect(new Set(values).size).toBeGreaterThan(20);
    expect(await draw()).toEqual(values);
  });

  it("leaks no tensors", async () => {
    const folder = await ImageFolder.open({ path: photographs, channels: "grey", names: ["moon"] });
    const dataset = new PatchDataset({ dataset: folder, size: 16, augment: true, rng: new Rng(0) });
    const before = memory();
    for (let i = 0; i < 10; i++) (await dataset.get(0)).x!.dispose();
    expect(memory()).toEqual(before);
  });

  it("refuses a patch larger than the image", async () => {
    const dataset = new PatchDataset({ dataset: numbers(2), size: 2 });
    await expect(dataset.get(0)).rejects.toMatchObject({ name: "ShapeError", code: "shape_mismatch" });
  });
});

describe("NoisyPatches", () => {
  const image: Pixels = { data: Float32Array.from({ length: 100 }, (_, i) => i), shape: [1, 10, 10] };

  it("flips and rotates patches only with augmentation", async () => {
    for (const augment of [true, false]) {
      const dataset = new NoisyPatches(image, [4, 4], 40, augment);
      const rng = new Rng(0);
      const unchanged: boolean[] = [];
      for (let i = 0; i < dataset.length; i++) {
        const { y } = await dataset.get(i, { rng });
        const values = y!.dataSync();
        // Values grow by 1 to the right and by 10 downwards.
        unchanged.push(values[1]! - values[0]! === 1 && values[4]! - values[0]! === 10);
        y!.dispose();
      }
      expect(unchanged.every((same) => same)).toBe(!augment);
    }
  });
});
