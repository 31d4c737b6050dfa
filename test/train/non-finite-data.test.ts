import { describe, expect, it } from "vitest";
import { DataLoader, type Dataset, PatchDataset, TensorDataset } from "../../ts/data/index.js";
import { MSE } from "../../ts/metric/index.js";
import { Denoising, GaussianNoise, PoissonNoise } from "../../ts/physics/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory, ones, tensor, where, type Tensor } from "../../ts/tensor/index.js";
import type { TrainerOptions } from "../../ts/train/index.js";
import { collectGarbage } from "./garbage.js";
import { constants, gainTrainer } from "./gain.js";

await init({ device: "cpu" });

/** Five images of two pixels; the second pixel of image 3 is `bad`. */
const values = (bad: number): Tensor => {
  const good = ones([5, 2, 1, 1]);
  const at = tensor([0, 0, 0, 0, 0, 0, 0, 1, 0, 0], { shape: [5, 2, 1, 1] });
  return where(at, bad, good);
};
const files = (dataset: Dataset): Dataset & { files: string[] } => ({
  length: dataset.length,
  get: (i, options) => dataset.get(i, options),
  files: Array.from({ length: dataset.length }, (_, i) => `scans/${i}.tif`),
});

const cases: [string, (bad: number) => Partial<TrainerOptions>, RegExp][] = [
  [
    "x",
    (bad) => ({ trainData: new TensorDataset({ x: values(bad) }) }),
    /sample 3 of TensorDataset: x has (?:NaN|-?Infinity) at \[1, 0, 0\] \(1 of 2/,
  ],
  [
    "x, with redraw",
    (bad) => ({ trainData: new TensorDataset({ x: values(bad) }), redraw: true }),
    /sample 3 of TensorDataset: x has/,
  ],
  [
    "y",
    (bad) => ({ trainData: new TensorDataset({ x: ones([5, 2, 1, 1]), y: values(bad) }) }),
    /sample 3 of TensorDataset: y has/,
  ],
  [
    "a parameter",
    (bad) => ({
      trainData: new TensorDataset({ x: ones([5, 2, 1, 1]), params: { sigma: values(bad).select(1, 1).reshape([5]) } }),
    }),
    /sample 3 of TensorDataset: params\.sigma has/,
  ],
  [
    "x of Poisson noise, which refuses it",
    (bad) => ({
      physics: new Denoising({ noiseModel: new PoissonNoise({ gain: 0.1 }) }),
      trainData: new TensorDataset({ x: values(bad) }),
    }),
    /sample 3 of TensorDataset: x has/,
  ],
  [
    "a file",
    (bad) => ({ trainData: files(new TensorDataset({ x: values(bad) })) }),
    /sample 3 of the dataset \(scans\/3\.tif\): x has/,
  ],
  [
    "a patch of a file",
    (bad) => ({ trainData: new PatchDataset({ dataset: files(new TensorDataset({ x: values(bad) })), size: 1 }) }),
    /sample 3 of PatchDataset \(scans\/3\.tif\): x has/,
  ],
  [
    "evaluation data",
    (bad) => ({ evalData: new TensorDataset({ x: values(bad) }) }),
    /sample 3 of TensorDataset: x has/,
  ],
  [
    "evaluation data without ground truth",
    (bad) => ({
      evalData: new TensorDataset({ y: values(bad), x: ones([5, 2, 1, 1]) }),
      evalLosses: true,
      metrics: [],
    }),
    /sample 3 of TensorDataset: y has/,
  ],
];

describe("a NaN or infinite value in the data", () => {
  it.each(
    cases.flatMap(([name, more, message]) =>
      [Number.NaN, -Infinity].map((bad) => [bad, name, more(bad), message] as const),
    ),
  )("%s in %s names the sample", async (_, _name, more, message) => {
    for (const batchSize of [1, 3]) {
      const { trainer } = gainTrainer({
        physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }),
        trainData: constants(2),
        metrics: [new MSE()],
        batchSize,
        ...more,
      });
      await collectGarbage();
      const before = memory();
      await expect(trainer.train()).rejects.toMatchObject({
        name: "ArgumentError",
        code: "non_finite_data",
        message: expect.stringMatching(message),
      });
      expect(memory().tensors).toBeLessThanOrEqual(before.tensors);
      expect(memory().bytes).toBeLessThanOrEqual(before.bytes);
    }
  });

  it("in a test names the sample as well", async () => {
    const { trainer } = gainTrainer();
    await expect(trainer.test(new TensorDataset({ x: values(Number.NaN) }))).rejects.toMatchObject({
      code: "non_finite_data",
      message: expect.stringContaining("sample 3 of TensorDataset"),
    });
  });

  it("a loader names the examples of its last batch", async () => {
    const loader = new DataLoader({ dataset: constants(5), batchSize: 2, shuffle: true });
    const seen: number[] = [];
    for await (const { x } of loader) {
      const first = [...(x as Tensor).dataSync()].filter((_, i) => i % 2 === 0);
      expect(first).toEqual(loader.indices.map((i) => i + 1));
      seen.push(...loader.indices);
    }
    expect(seen.sort()).toEqual([0, 1, 2, 3, 4]);
  });
});
