import { beforeAll, describe, expect, it } from "vitest";
import {
  collate,
  type Dataset,
  disposeSample,
  MeasuredDataset,
  Normalized,
  TensorDataset,
} from "../../ts/data/index.js";
import { SupLoss, SureGaussianLoss } from "../../ts/loss/index.js";
import { PSNR } from "../../ts/metric/index.js";
import { ArtifactRemoval, DnCNN } from "../../ts/nn/index.js";
import { Adam } from "../../ts/optim/index.js";
import {
  Denoising,
  FisherTippettNoise,
  GammaNoise,
  GaussianNoise,
  Inpainting,
  LaplaceNoise,
  LogPoissonNoise,
  MRI,
  type NoiseModel,
  Physics,
  PoissonGaussianNoise,
  PoissonNoise,
  RicianNoise,
  SaltPepperNoise,
  Tomography,
  UniformGaussianNoise,
  UniformNoise,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { grad, memory, type Tensor, tensor, zeros } from "../../ts/tensor/index.js";
import { Trainer } from "../../ts/train/index.js";
import { expectError } from "../physics/helpers.js";

beforeAll(() => init({ device: "cpu" }));

const float64 = { dtype: "float64" } as const;
const values = (t: Tensor | undefined): number[] => [...(t as Tensor).dataSync()];
/** Images of blobs on a grey background, in any unit. */
function blobs(count: number, channels: number, side: number, unit: number, seed = 1): Tensor {
  const rng = new Rng(seed);
  const data = Float32Array.from({ length: count * channels * side * side }, (_, i) => {
    const [n, row, column] = [Math.floor(i / (channels * side * side)), Math.floor(i / side) % side, i % side];
    const phase = 2.4 * n + 1.3 * (Math.floor(i / (side * side)) % channels);
    return unit * (0.5 + 0.4 * Math.sin(0.5 * row + phase) * Math.cos(0.4 * column - phase));
  });
  return tensor(data, { shape: [count, channels, side, side] }).add(
    rng.uniform([count, channels, 1, 1]).mul(0.1 * unit),
  );
}

describe("training at any scale", () => {
  /** PSNR of a short training, in the unit of the data. */
  async function train(unit: number, kind: "denoising" | "mri", normalized: boolean): Promise<number> {
    const noiseModel = new GaussianNoise({ sigma: 0.2 * unit });
    const channels = kind === "mri" ? 2 : 1;
    const mask = new Rng(5).bernoulli([1, 1, 16, 16], 0.6);
    const physics =
      kind === "mri" ? new MRI({ mask, imgSize: [2, 16, 16], noiseModel }) : new Denoising({ noiseModel });
    const set = (seed: number): Dataset => {
      const images = new TensorDataset({ x: blobs(24, channels, 16, unit, seed) });
      return kind === "mri" ? new MeasuredDataset({ dataset: images, physics, seed }) : images;
    };
    const [trainSet, evalSet] = [set(1), set(2)];
    const trainData = new Normalized({ dataset: trainSet, physics });
    const scale = normalized ? await trainData.fit() : 1;
    const backbone = new DnCNN({ inChannels: channels, outChannels: channels, depth: 4, nf: 8, rng: new Rng(3) });
    const model = new ArtifactRemoval({ backboneNet: backbone });
    const trainer = new Trainer({
      model,
      physics,
      losses: new SupLoss(),
      optimizer: new Adam(model.parameters(), { lr: 2e-3 }),
      trainData: normalized ? trainData : trainSet,
      metrics: [new PSNR({ maxPixel: unit / scale })],
      batchSize: 4,
      epochs: 10,
      rng: new Rng(4),
    });
    await trainer.train();
    const { metrics } = await trainer.test(
      normalized ? new Normalized({ dataset: evalSet, physics, by: scale }) : evalSet,
    );
    return metrics["PSNR"]?.mean ?? NaN;
  }

  it.each(["denoising", "mri"] as const)(
    "%s: values near 1e-4 and near 1e4 train as well as values near 1",
    async (kind) => {
      const one = await train(1, kind, true);
      // The noise alone is at 14 dB, and the masked spectrum adds its error to it.
      expect(one).toBeGreaterThan(kind === "mri" ? 14 : 16.5);
      for (const unit of [1e-4, 1e4]) expect(Math.abs((await train(unit, kind, true)) - one)).toBeLessThan(0.2);
      // What it is for: without it, nothing is learned from tiny values.
      expect(await train(1e-4, kind, false)).toBeLessThan(one - 3);
    },
  );
});

describe("Normalized", () => {
  it("divides x and y by the quantile of |y|, and gives the factor", async () => {
    const [x, y] = [tensor([10, 20, 30, 40], { shape: [2, 1, 1, 2] }), tensor([-1, 2, -3, 4], { shape: [2, 1, 1, 2] })];
    for (const [quantile, scale] of [
      [0.5, 3],
      [1, 4],
      [0.01, 1],
    ] as const) {
      const dataset = new Normalized({ dataset: new TensorDataset({ x, y }), quantile });
      expect(() => dataset.scale).toThrow(/await dataset.fit/);
      const second = await dataset.get(1);
      expect(dataset.scale).toBe(scale);
      expect(await dataset.fit()).toBe(scale);
      expect(values(second.x)).toEqual([30, 40].map((v) => expect.closeTo(v / scale, 5)));
      expect(values(second.y)).toEqual([-3, 4].map((v) => expect.closeTo(v / scale, 5)));
      expect(values(dataset.denormalize(second.x as Tensor))).toEqual([30, 40].map((v) => expect.closeTo(v, 4)));
    }
    expect(await new Normalized({ dataset: new TensorDataset({ x }), quantile: 1 }).fit()).toBe(40);
  });

  it("a factor for each sample is computed from its y alone", async () => {
    const y = tensor([1, 2, 10, 20], { shape: [2, 1, 1, 2] });
    const make = (x: Tensor) => new Normalized({ dataset: new TensorDataset({ x, y }), by: "sample", quantile: 1 });
    for (const factor of [1, 7]) {
      const dataset = make(y.mul(factor));
      expect([await dataset.scaleOf(0), await dataset.scaleOf(1)]).toEqual([2, 20]);
      expect(values((await dataset.get(0)).y)).toEqual([0.5, 1]);
      expect(values((await dataset.get(1)).y)).toEqual([0.5, 1]);
      expect(values((await dataset.get(1)).x)).toEqual([factor / 2, factor]);
      expect(() => dataset.scale).toThrow(/scaleOf/);
      const image = (await dataset.get(1)).x as Tensor;
      expect(values(dataset.denormalize(image, await dataset.scaleOf(1)))).toEqual([10 * factor, 20 * factor]);
    }
  });

  it("is in the unit of the image, whatever the norm of the operator", async () => {
    const x = blobs(3, 1, 16, 1);
    const physics = new Tomography({ angles: 20, imgWidth: 16, normalize: false });
    const dataset = new MeasuredDataset({ dataset: new TensorDataset({ x }), physics, seed: 0 });
    const largest = Math.max(...values((await dataset.get(0)).y));
    expect(largest).toBeGreaterThan(5);
    const scale = await new Normalized({ dataset, physics }).fit();
    expect(scale).toBeGreaterThan(0.5);
    expect(scale).toBeLessThan(2);
  });

  it("takes the parameters of each sample for its image: a mask of its own", async () => {
    const x = blobs(2, 1, 8, 3);
    // The weight of the mask is undone, but not that of the mask of the physics.
    const masks = new Rng(2).bernoulli([2, 1, 8, 8], 0.3).mul(0.5);
    const physics = new Inpainting({ imgSize: [1, 8, 8], mask: zeros([1, 1, 8, 8]).add(1) });
    const dataset = new TensorDataset({ y: x.mul(masks), params: { mask: masks } });
    const normalized = new Normalized({ dataset, physics, quantile: 1 });
    const sample = await normalized.get(1);
    expect(normalized.scale).toBeCloseTo(x.mul(masks).mul(2).max().itemSync(), 5);
    expect(values(sample.params?.["mask"])).toEqual(values(masks.select(0, 1)));
  });

  it("noise levels come with the samples: the measurement of x / c is that of x, divided by c", async () => {
    const x = new Rng(1).uniform([1, 1, 64, 64], float64).add(0.5);
    const noises: [NoiseModel, Record<string, number>][] = [
      [new GaussianNoise({ sigma: 0.2 }), { sigma: 0.05 }],
      [new UniformGaussianNoise({ sigmaMin: 0.2, sigmaMax: 0.4 }), { sigmaMin: 0.05, sigmaMax: 0.1 }],
      [new UniformNoise({ a: 0.2 }), { a: 0.05 }],
      [new LaplaceNoise({ b: 0.2 }), { b: 0.05 }],
      [new RicianNoise({ sigma: 0.2 }), { sigma: 0.05 }],
      [new PoissonNoise({ gain: 0.2 }), { gain: 0.05 }],
      [new PoissonGaussianNoise({ gain: 0.2, sigma: 0.1 }), { gain: 0.05, sigma: 0.025 }],
      [new GammaNoise({ l: 2 }), {}],
      [new LogPoissonNoise({ N0: 1000, mu: 0.1 }), { mu: 0.4 }],
    ];
    for (const [noiseModel, levels] of noises) {
      const physics = new Denoising({ noiseModel });
      const sample = await new Normalized({ dataset: new TensorDataset({ x }), physics, by: 4 }).get(0);
      const params = Object.entries(sample.params ?? {}).map(([name, value]) => [name, value.itemSync()] as const);
      expect(Object.fromEntries(params)).toEqual(
        Object.fromEntries(Object.entries(levels).map(([name, level]) => [name, expect.closeTo(level, 10)])),
      );
      const batch = Object.fromEntries(params.map(([name, value]) => [name, tensor([value], float64)]));
      const small = physics.withParameters(batch).forward((sample.x as Tensor).unsqueeze(0), { rng: new Rng(9) });
      const large = physics.forward(x, { rng: new Rng(9) });
      expect(small.mul(4).sub(large).abs().max().itemSync(), noiseModel.kind).toBeLessThan(1e-6);
    }
  });

  it("SURE with the level of the physics is that of the data, divided by the square of the factor", async () => {
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 2e-5 }) });
    const inner = new MeasuredDataset({ dataset: new TensorDataset({ x: blobs(4, 1, 16, 1e-4) }), physics, seed: 1 });
    const normalized = new Normalized({ dataset: inner, physics });
    const loss = new SureGaussianLoss({ sigma: "physics", tau: 1e-2 });
    // A linear network, of which the divergence does not depend on tau.
    const model = new ArtifactRemoval({ backboneNet: { training: true, forward: (y: Tensor) => y.mul(0.7) } as never });
    const value = async (dataset: Dataset): Promise<number> => {
      const { y, params } = collate([await dataset.get(0), await dataset.get(1)]);
      const own = params ? physics.withParameters(params) : physics;
      const given = { y: y as Tensor, physics: own, model, xNet: model.forward(y as Tensor, own), rng: new Rng(3) };
      return loss.forward(given).mean().itemSync();
    };
    const scale = await normalized.fit();
    expect(((await value(normalized)) * scale ** 2) / (await value(inner))).toBeCloseTo(1, 4);
  });

  it("levels that a sample has are divided, others are not touched", async () => {
    const params = { sigma: tensor([0.2, 0.4]), gain: tensor([1, 2]), factor: tensor([3, 5]) };
    const dataset = new TensorDataset({ y: zeros([2, 1, 2, 2]).add(8), params });
    const sample = await new Normalized({ dataset, by: 2 }).get(1);
    const found = Object.entries(sample.params ?? {}).map(([name, value]) => [name, value.itemSync()]);
    expect(Object.fromEntries(found)).toEqual({ sigma: Math.fround(0.2), gain: 1, factor: 5 });
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 9 }) });
    const own = new TensorDataset({ y: zeros([2, 1, 2, 2]).add(8), params: { sigma: params.sigma } });
    expect((await new Normalized({ dataset: own, physics, by: 2 }).get(1)).params?.["sigma"]?.itemSync()).toBeCloseTo(
      0.2,
      6,
    );
  });

  it("few bright pixels, zeros and pixels that are not finite", async () => {
    const sparse = zeros([1, 1, 20, 20]).pad([0, 0, 0, 0, 0, 0, 0, 1], { mode: "constant", value: 0 });
    const one = sparse.add(tensor([...new Array<number>(419).fill(0), 5], { shape: [1, 1, 20, 21] }));
    expect(await new Normalized({ dataset: new TensorDataset({ y: one }) }).fit()).toBe(5);
    expect(await new Normalized({ dataset: new TensorDataset({ y: sparse }) }).fit()).toBe(1);
    const holes = tensor([NaN, 1, 2, Infinity], { shape: [1, 1, 2, 2] });
    expect(await new Normalized({ dataset: new TensorDataset({ y: holes }), quantile: 1 }).fit()).toBe(2);
  });

  it("computes its factor once, from samples spread over the dataset, with a stream of its own", async () => {
    const asked: number[] = [];
    const drawn: (object | undefined)[] = [];
    const dataset: Dataset = {
      length: 50,
      get: (index, options) => {
        asked.push(index);
        drawn.push(options?.rng);
        return { y: tensor([index], { shape: [1, 1, 1] }) };
      },
    };
    const normalized = new Normalized({ dataset, samples: 5, quantile: 1 });
    const rng = new Rng(0);
    await Promise.all([normalized.get(7, { rng }), normalized.get(8, { rng })]);
    expect(asked).toEqual([0, 10, 20, 30, 40, 7, 8]);
    expect(normalized.scale).toBe(40);
    expect(drawn.slice(0, 5).every((stream) => stream instanceof Rng && stream !== rng)).toBe(true);
    expect(drawn.slice(5)).toEqual([rng, rng]);
  });

  it("owns what it gives and frees what it was given", async () => {
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const inner = new MeasuredDataset({ dataset: new TensorDataset({ x: blobs(3, 1, 8, 2) }), physics, seed: 1 });
    for (const by of ["dataset", "sample"] as const) {
      const dataset = new Normalized({ dataset: inner, physics, by });
      disposeSample(await dataset.get(0));
      const before = memory().tensors;
      for (const index of [0, 1, 2]) disposeSample(await dataset.get(index));
      await dataset.scaleOf(1);
      expect(memory().tensors).toBeLessThanOrEqual(before);
    }
    // Nothing is recorded for the gradient.
    const image = zeros([1, 1, 2, 2]).add(1).requiresGrad_();
    const sample = await new Normalized({ dataset: { length: 1, get: () => ({ x: image.mul(1) }) }, by: 2 }).get(0);
    expect(() => grad((sample.x as Tensor).sum(), [image])).toThrow(ArgumentError);
  });

  it("refuses what cannot be normalised", async () => {
    const dataset = new TensorDataset({ x: blobs(2, 1, 4, 1) });
    const make = (options: object) => () => new Normalized({ dataset, ...options });
    const noise = (noiseModel: NoiseModel) => make({ physics: new Denoising({ noiseModel }) });
    for (const noiseModel of [new SaltPepperNoise(), new FisherTippettNoise(), new PoissonNoise({ normalize: false })])
      expectError(noise(noiseModel), ArgumentError, "incompatible_physics", "Normalized: ");
    expectError(
      make({ physics: new Physics({ A: (x) => x.square() }) }),
      ArgumentError,
      "incompatible_physics",
      "not linear",
    );
    for (const options of [
      { by: 0 },
      { by: -1 },
      { by: NaN },
      { by: "image" },
      { quantile: 0 },
      { quantile: 1.1 },
      { samples: 0 },
    ])
      expectError(make(options), ArgumentError, "invalid_argument", "Normalized: ");
    expectError(make({ scale: 1 }), ArgumentError, "unknown_option", "Normalized: ");
    expectError(make({ dataset: undefined }), ArgumentError, "missing_argument", "Normalized: dataset");
    expectError(
      make({ dataset: { get: () => ({}) } }),
      ArgumentError,
      "invalid_argument",
      "Normalized: dataset.length",
    );
    expectError(make({ dataset: 1 }), ArgumentError, "invalid_argument", "Normalized: dataset");
    expectError(() => new Normalized(undefined as never), ArgumentError, "missing_argument", "Normalized: dataset");
    const thrown = async (options: object) =>
      await new Normalized({ dataset, ...options }).get(0).catch((e: unknown) => e);
    expect(await thrown({ by: "sample" })).toMatchObject({ code: "missing_argument" });
    expect(await thrown({ dataset: { length: 0, get: () => ({}) } })).toMatchObject({ code: "empty_data" });
    expect(await thrown({ dataset: { length: 1, get: () => ({}) } })).toMatchObject({ code: "missing_argument" });
    const many = new Denoising({ noiseModel: new GaussianNoise({ sigma: tensor([0.1, 0.2]) }) });
    expect(await thrown({ physics: many })).toMatchObject({ code: "invalid_argument" });
  });
});
