import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import { SupLoss } from "../../ts/loss/index.js";
import { MSE, PSNR } from "../../ts/metric/index.js";
import { ArtifactRemoval, DnCNN, Identity } from "../../ts/nn/index.js";
import { SGD } from "../../ts/optim/index.js";
import { Blur, Denoising, Downsampling, GaussianNoise, gaussianBlur, ZeroNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { decodePixels } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory, type Tensor } from "../../ts/tensor/index.js";
import {
  DEFAULT_BASELINES,
  evaluate,
  type ReportFigure,
  Trainer,
  type TrainerOptions,
  trainingReport,
  writeReport,
} from "../../ts/train/index.js";

let folder: string;
beforeAll(async () => {
  await init({ device: "cpu" });
  folder = await mkdtemp(join(tmpdir(), "adjoint-baselines-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

const x = () => new Rng(0).uniform([3, 1, 12, 12]);
const mse = (a: Tensor, b: Tensor): number => a.sub(b).square().mean().itemSync();

function make(physics: TrainerOptions["physics"], more: Partial<TrainerOptions> = {}) {
  const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 2, rng: new Rng(0) });
  return new Trainer({
    model,
    physics,
    losses: new SupLoss(),
    optimizer: new SGD(model.parameters(), { lr: 0 }),
    trainData: new TensorDataset({ x: x() }),
    metrics: [new MSE()],
    rng: new Rng(0),
    ...more,
  });
}

describe("baselines of a test", () => {
  it("are y, the adjoint and the pseudo-inverse: without noise, those of each image", async () => {
    const blur = new Blur({ filter: gaussianBlur({ sigma: 1 }), padding: "circular", noiseModel: new ZeroNoise() });
    const model = new ArtifactRemoval({ backboneNet: new Identity(), mode: "direct" });
    const { baselines, measurement, metrics } = await evaluate({
      model,
      physics: blur,
      data: new TensorDataset({ x: x() }),
      metrics: [new MSE()],
      rng: new Rng(0),
      baselines: DEFAULT_BASELINES,
    });
    expect(Object.keys(baselines)).toEqual(["y", "AAdjoint", "ADagger"]);
    for (let i = 0; i < 3; i++) {
      const image = x().slice([i, 0, 0, 0], [i + 1, 1, 12, 12]);
      const y = blur.A(image);
      const expected = { y, AAdjoint: blur.AAdjoint(y), ADagger: blur.ADagger(y) };
      for (const [name, value] of Object.entries(expected))
        expect(baselines[name]?.["MSE"]?.values[i]).toBeCloseTo(mse(value, image), 6);
    }
    expect(measurement).toEqual(baselines["y"]);
    expect(metrics).toEqual(baselines["y"]);
  });

  it("are left out where the shape is another", async () => {
    const down = new Downsampling({ imgSize: [1, 12, 12], factor: 2 });
    const model = new ArtifactRemoval({ backboneNet: new Identity(), mode: "adjoint" });
    const { baselines, measurement } = await evaluate({
      model,
      physics: down,
      data: new TensorDataset({ x: x() }),
      metrics: [new MSE()],
      rng: new Rng(0),
      baselines: DEFAULT_BASELINES,
    });
    expect(measurement).toEqual({});
    expect(Object.keys(baselines)).toEqual(["AAdjoint", "ADagger"]);
  });

  it("are those given, with the parameters of the samples", async () => {
    const sigma = new Rng(4).uniform([3]);
    const trainer = make(new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }), {
      metrics: [new PSNR(), new MSE()],
      baselines: {
        half: (y) => y.mul(0.5),
        level: (y, physics) => y.mul(0).add((physics.noiseModel as GaussianNoise).sigma),
      },
    });
    const { baselines } = await trainer.test(new TensorDataset({ x: x().mul(0), y: x(), params: { sigma } }));
    expect(Object.keys(baselines)).toEqual(["half", "level"]);
    const values = baselines["level"]?.["MSE"]?.values ?? [];
    for (const [i, s] of [...sigma.dataSync()].entries()) expect(values[i]).toBeCloseTo(s ** 2, 6);
    expect(baselines["half"]?.["PSNR"]?.values).toHaveLength(3);
    expect((await make(new Denoising(), { baselines: {} }).test(new TensorDataset({ x: x() }))).baselines).toEqual({});
  });
});

describe("a report of a training", () => {
  it("shows the test against the baselines, the first evaluation image over the training, and curves", async () => {
    const trainer = make(new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) }), {
      evalData: new TensorDataset({ x: x() }),
      evalLosses: true,
      epochs: 3,
    });
    await trainer.train();
    const result = await trainer.test(new TensorDataset({ x: x() }));
    const content = await trainingReport({ title: "T", intro: "I", trainer, result, details: { seed: 1 } });
    expect(content.tables[0]?.columns).toEqual(["", "MSE"]);
    // For denoising all three are the measurement.
    expect(content.tables[0]?.rows.map(([label]) => label)).toEqual(["y, AAdjoint, ADagger", "reconstruction"]);
    const labels = content.figures.map(({ images }) => images.map(({ label }) => label.replace(/, .* dB$/, "")));
    expect(labels).toEqual([
      ["measurement", "reconstruction", "ground truth"],
      ["step 3", "step 6", "step 9"],
    ]);
    // Each image but the truth says how far it is from it: sigma 0.1 is 20 dB.
    const decibels = content.figures[0]?.images.map(({ label }) => Number(/, (.*) dB$/.exec(label)?.[1]));
    expect(Math.abs((decibels?.[0] ?? 0) - 20)).toBeLessThan(2);
    expect(content.charts).toHaveLength(3);
    const path = join(folder, "report.html");
    await writeReport(path, content);
    const html = await readFile(path, "utf8");
    expect(html.match(/data:image\/png/g)).toHaveLength(6);
    for (const title of ["MSE on the evaluation data", "Losses on the evaluation data", "Loss during training"])
      expect(html).toContain(title);
  });

  it("keeps at most nine pictures, the first and the latest among them", async () => {
    const trainer = make(new Denoising(), { evalData: new TensorDataset({ x: x() }), epochs: 40 });
    await trainer.train();
    const labels = (await trainer.figures())[1]?.images.map(({ label }) => label.replace(/, .*/, "")) ?? [];
    expect(labels.length).toBeLessThanOrEqual(9);
    expect(labels.length).toBeGreaterThanOrEqual(4);
    expect([labels[0], labels.at(-1)]).toEqual(["step 3", "step 120"]);
  });

  it("shows the first training image where there is no evaluation, and leaves no tensor", async () => {
    const trainer = make(new Denoising());
    await trainer.train();
    const before = memory().tensors;
    const { figures, tables } = await trainingReport({ title: "T", intro: "I", trainer });
    expect(memory().tensors).toBeLessThanOrEqual(before);
    expect(tables).toEqual([]);
    expect(figures.map(({ caption }) => caption)).toEqual(["First training image, before and after"]);
    expect(figures[0]?.images).toHaveLength(3);
  });

  it("shows images of any range", async () => {
    const trainData = new TensorDataset({ x: x().mul(4000).add(100) });
    const { caption, images } = (await make(new Denoising(), { trainData }).figures())[0] as ReportFigure;
    expect(caption).toMatch(/before and after, shown from \d+(?:\.\d+)? to \d+(?:\.\d+)?$/);
    const truth = await decodePixels(images.at(-1)?.png as Uint8Array);
    expect([Math.min(...truth.data), Math.max(...truth.data)]).toEqual([0, 1]);
  });
});
