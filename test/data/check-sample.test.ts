import { beforeAll, describe, expect, it } from "vitest";
import {
  checkSample,
  collate,
  DataCheck,
  PatchDataset,
  type Sample,
  TensorDataset,
  UnclippedDataset,
} from "../../ts/data/index.js";
import { GaussianNoise, TensorList } from "../../ts/physics/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { full, memory, tensor, Tensor, zeros } from "../../ts/tensor/index.js";
import { eachDevice } from "../devices.js";
import { expectError } from "../physics/helpers.js";

beforeAll(() => init({ device: "cpu" }));

/** Images `[n, 1, 4, 8]` of which some entries, by their position in all of them, are replaced. */
function images(n: number, values: Record<number, number> = {}): Tensor {
  const data = new Float32Array(n * 32).fill(0.5);
  for (const [at, value] of Object.entries(values)) data[Number(at)] = value;
  return tensor(data, { shape: [n, 1, 4, 8] });
}

/** The message of the error that some code throws. */
async function messageOf(fn: () => unknown): Promise<string | undefined> {
  try {
    await fn();
  } catch (error) {
    expect(error).toBeInstanceOf(ArgumentError);
    expect((error as ArgumentError).code).toBe("non_finite_data");
    return (error as ArgumentError).message;
  }
  return undefined;
}

/** Values at the position [0, 2, 3] of image 1. */
const second = 32 + 2 * 8 + 3;

describe("a sample", () => {
  it.each([
    [Number.NaN, "NaN"],
    [Infinity, "Infinity"],
    [-Infinity, "-Infinity"],
  ])("with %s is refused by its number, with the place of the value", (value, shown) => {
    const data = new TensorDataset({ x: images(3, { [second]: value, [second + 5]: 1 / 0 }) });
    checkSample(data.get(0), 0, data);
    expectError(
      () => checkSample(data.get(1), 1, data),
      ArgumentError,
      "non_finite_data",
      `sample 1 of TensorDataset: x has ${shown} at [0, 2, 3] (2 of 32 values); `,
    );
  });

  it("is checked in its measurement, in each of a list, and in its parameters", () => {
    const broken = tensor([1, Number.NaN]);
    const check = (sample: Parameters<typeof checkSample>[0]) => () => checkSample(sample, 7, { length: 8 });
    const x = zeros([2]);
    expectError(check({ x, y: broken }), ArgumentError, "non_finite_data", "sample 7 of the dataset: y has NaN at [1]");
    expectError(check({ y: new TensorList([x, broken]) }), ArgumentError, "non_finite_data", "y[1] has NaN at [1]");
    expectError(
      check({ x, params: { sigma: full([], Number.NaN) } }),
      ArgumentError,
      "non_finite_data",
      "params.sigma has NaN (1 of 1 values)",
    );
    expect(check({ x, y: x, params: { sigma: x } })).not.toThrow();
  });

  it("of large finite values is none of these, though their sum is infinite", () => {
    expect(full([4], 3e38).sum().itemSync()).toBe(Infinity);
    checkSample({ x: full([4], 3e38) }, 0, { length: 1 });
    new DataCheck({ length: 1 }).add({ x: full([1, 4], 3e38) }, [0]);
  });

  it("of files is named by its file, also behind patches and redrawn values", () => {
    const files = ["a.tif", "b.tif"];
    const pages = { length: 3, files, images: [0, 1, 2].map((page) => ({ path: "b.tif", page })) };
    const second = () => checkSample({ x: full([1], Number.NaN) }, 1, pages);
    expectError(second, ArgumentError, "non_finite_data", "sample 1 of the dataset (b.tif, page 1): x");
    const folder = { length: 2, files, get: (): Sample => ({ y: full([1, 4, 4], Number.NaN) }) };
    const patches = new PatchDataset({ dataset: folder, size: 2, length: 6 });
    const unclipped = new UnclippedDataset({ dataset: folder, noiseModel: new GaussianNoise() });
    expectError(
      () => checkSample(folder.get(), 1, folder),
      ArgumentError,
      "non_finite_data",
      "sample 1 of the",
      "b.tif",
    );
    for (const [data, index, words] of [
      [patches, 3, "sample 3 of PatchDataset (b.tif): y has NaN at [0, 0, 0] (16 of 16 values)"],
      [unclipped, 0, "sample 0 of UnclippedDataset (a.tif): y"],
    ] as const)
      expectError(() => checkSample(folder.get(), index, data), ArgumentError, "non_finite_data", words);
  });

  it("costs no memory", () => {
    const x = images(1);
    const before = memory();
    checkSample({ x }, 0, { length: 1 });
    expect(memory()).toEqual(before);
  });
});

await eachDevice("batches", (device) => {
  it("name the sample, by its number in the dataset, and the place of the value", async () => {
    const data = new TensorDataset({ x: images(3), y: images(3, { [second]: Number.NaN }) });
    const check = new DataCheck(data);
    const add = (...indices: number[]): void => check.add(collate(indices.map((i) => data.get(i))), indices);
    add(0, 2);
    await check.read();
    const message = await messageOf(async () => {
      add(2, 0);
      add(2, 1);
      await check.read();
    });
    expect(message).toContain("sample 1 of TensorDataset: y has NaN at [0, 2, 3] (1 of 32 values); ");
    // What was found is not found again.
    await check.read();
    check.dispose();
  });

  it("of large finite values are none, though their sum is infinite", async () => {
    const check = new DataCheck({ length: 2 });
    check.add({ x: full([2, 1, 4, 8], 3e38) }, [0, 1]);
    await check.read();
  });

  it("name the sample alone where it does not come again", async () => {
    const data = { length: 2, get: (): Sample => ({ x: images(1) }) };
    const check = new DataCheck(data);
    const message = await messageOf(async () => {
      check.add({ x: images(2, { [second]: -Infinity }) }, [1, 0]);
      await check.read();
    });
    expect(message).toContain(
      `sample 0 of the dataset: x has ${device === "cpu" ? "-Infinity at" : "NaN or infinite"}`,
    );
  });

  it("free what they hold, and read nothing before they are asked to", async () => {
    const data = new TensorDataset({ x: images(2) });
    const check = new DataCheck(data);
    const batch = collate([data.get(0), data.get(1)]);
    const read = Tensor.prototype.data;
    const before = memory().tensors;
    let reads = 0;
    Tensor.prototype.data = function (this: Tensor) {
      reads += 1;
      return read.call(this);
    };
    try {
      for (let i = 0; i < 3; i++) check.add(batch, [0, 1]);
      expect(reads).toBe(0);
      await check.read();
      expect(reads).toBe(device === "cpu" ? 0 : 1);
    } finally {
      Tensor.prototype.data = read;
    }
    expect(memory().tensors).toBeLessThanOrEqual(before);
    check.add(batch, [0, 1]);
    check.dispose();
    expect(memory().tensors).toBeLessThanOrEqual(before);
  });
});
