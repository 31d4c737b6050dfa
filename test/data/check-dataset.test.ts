import { beforeAll, describe, expect, it } from "vitest";
import { DataLoader, MeasuredDataset, PatchDataset, TensorDataset, UnclippedDataset } from "../../ts/data/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { init } from "../../ts/runtime/index.js";
import { ones } from "../../ts/tensor/index.js";

beforeAll(() => init({ device: "cpu" }));

const makers: [string, (dataset: unknown) => unknown][] = [
  ["DataLoader", (dataset) => new DataLoader({ dataset } as never)],
  ["PatchDataset", (dataset) => new PatchDataset({ dataset, size: 2 } as never)],
  ["MeasuredDataset", (dataset) => new MeasuredDataset({ dataset, physics: new Denoising(), seed: 0 } as never)],
  ["UnclippedDataset", (dataset) => new UnclippedDataset({ dataset, noiseModel: new GaussianNoise({}) } as never)],
];
const nonsense: [() => unknown, string, string][] = [
  [() => undefined, "missing_argument", "dataset is missing"],
  [() => null, "missing_argument", "dataset is missing"],
  [() => ones([2, 1, 4, 4]), "invalid_argument", "a tensor [2, 1, 4, 4]"],
  [() => [ones([1])], "invalid_argument", "a list"],
  [() => Promise.resolve(1), "invalid_argument", "a promise (await is missing)"],
  [() => "images", "invalid_argument", "a string"],
  [() => TensorDataset, "invalid_argument", "a function"],
  [() => ({}), "invalid_argument", "an object without get(index)"],
  [() => ({ get: () => ({}) }), "invalid_argument", "an object whose length is undefined"],
  [() => ({ get: () => ({}), length: 1.5 }), "invalid_argument", "an object whose length is 1.5"],
  [
    () => new DataLoader({ dataset: new TensorDataset({ x: ones([2, 1]) }) }),
    "invalid_argument",
    "an instance of DataLoader",
  ],
];

describe.each(makers)("%s", (name, make) => {
  it.each(nonsense)("refuses what is no dataset: %s", (value, code, message) => {
    expect(() => make(value())).toThrow(
      expect.objectContaining({ name: "ArgumentError", code, message: expect.stringContaining(message) }),
    );
    expect(() => make(value())).toThrow(new RegExp(`^${name}: .*\\.$`));
  });
});
