import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import { R2RLoss, SplittingLoss, SureGaussianLoss, TVLoss, type Loss, type LossName } from "../../ts/loss/index.js";
import { DnCNN } from "../../ts/nn/index.js";
import { Adam } from "../../ts/optim/index.js";
import {
  Blur,
  Denoising,
  GammaNoise,
  GaussianNoise,
  gaussianBlur,
  Inpainting,
  type LinearPhysics,
  type NoiseKind,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { binding, init, type Binding } from "../../ts/runtime/index.js";
import { tensor, tidy, type Tensor } from "../../ts/tensor/index.js";
import { Trainer } from "../../ts/train/index.js";
import { Darker, everyLoss, everyNoise } from "../loss/every.js";
import { trainingStep } from "./losses.js";
import { pretendDevice, type Crossings, type PretendedDevice } from "./pretended.js";

let real: Binding;
let device: PretendedDevice;
beforeAll(async () => {
  await init();
  real = binding();
  device = pretendDevice(real);
  await init({ device: "webgpu", binding: device.binding });
});
afterAll(async () => await init({ device: "cpu", binding: real }));

/** The crossings of the second of two runs: what is kept was made in the first. */
function ofSecond(run: () => unknown): Crossings {
  run();
  device.take();
  run();
  return device.take();
}

/** The most constants that a step may send, and the most tensors of random numbers; without an entry 0 and 1. */
const most: Partial<Record<LossName, { uploads?: number; draws?: number }>> = {
  SurePGLoss: { draws: 2 },
  ScoreLoss: { draws: 2 },
  DistributionalConsistencyLoss: { uploads: 4 },
  Neighbor2Neighbor: { uploads: 4 },
  Noise2VoidLoss: { uploads: 7, draws: 2 },
  Noise2SelfLoss: { uploads: 2 },
  SplittingLoss: { uploads: 1 },
  EquivariantSplittingLoss: { uploads: 1 },
  MOEILoss: { uploads: 1 },
  AugmentConsistencyLoss: { uploads: 2 },
  WeightedSplittingLoss: { uploads: 1 },
  RobustSplittingLoss: { uploads: 1 },
  Phase2PhaseLoss: { uploads: 4 },
  Artifact2ArtifactLoss: { uploads: 8 },
};

/** Draws that follow counts or rates are made where these are known: on the host, with the bits of the CPU. */
const readsOfNoise: Partial<Record<NoiseKind, number>> = { poisson: 1, poissonGaussian: 1, logPoisson: 1 };

/** Losses that read in a step. Distributional consistency sorts its scores on the host. */
const readsOfLoss: Partial<Record<LossName, number>> = { DistributionalConsistencyLoss: 1 };

const images = () => new Rng(1).uniform([2, 1, 8, 8]).add(0.1);

/** The crossings of a step of a loss that adapts its model, under a physics that has measured already. */
function stepUnder(physics: LinearPhysics, loss: Loss): Crossings {
  const rng = new Rng(2);
  const args = { y: physics.forward(images(), { rng }), physics, model: loss.adaptModel(new Darker()), rng };
  return ofSecond(trainingStep(loss, args));
}

describe("a training step on a device", () => {
  it.each(Object.keys(everyLoss) as LossName[])(
    "%s reads nothing that is not named above, and sends little",
    (name) => {
      const found = tidy(() => {
        const { loss, args } = everyLoss[name]();
        return ofSecond(trainingStep(loss, args));
      });
      expect(found.reads).toBe(readsOfLoss[name] ?? 0);
      expect(found.uploads).toBeLessThanOrEqual(most[name]?.uploads ?? 0);
      expect(found.draws).toBeLessThanOrEqual(most[name]?.draws ?? 1);
    },
  );

  it.each(Object.keys(everyNoise) as NoiseKind[])("measuring with %s noise reads at most rates", (kind) => {
    const found = tidy(() => {
      const physics = new Denoising({ noiseModel: everyNoise[kind]() });
      const x = images();
      return ofSecond(() => physics.forward(x, { rng: new Rng(2) }));
    });
    expect([found.reads, found.uploads]).toEqual([readsOfNoise[kind] ?? 0, 0]);
  });

  it("splitting under a mask, and recorrupting Gamma noise of a level for each image, read nothing", () => {
    tidy(() => {
      const masked = new Inpainting({ imgSize: [1, 8, 8], mask: new Rng(3).bernoulli([1, 1, 8, 8], 0.7) });
      expect(stepUnder(masked, new SplittingLoss()).reads).toBe(0);
      const speckle = new Denoising({ noiseModel: new GammaNoise({ l: tensor([2, 5]) }) });
      const x = images();
      expect(ofSecond(() => speckle.forward(x, { rng: new Rng(2) })).reads).toBe(0);
      expect(stepUnder(speckle, new R2RLoss()).reads).toBe(0);
    });
  });

  it("recorrupting Poisson noise reads its counts", () => {
    const found = tidy(() => stepUnder(new Denoising({ noiseModel: everyNoise.poisson() }), new R2RLoss()));
    expect(found.reads).toBe(1);
  });

  it("a solver reads no residual", () => {
    const found = tidy(() => {
      const physics = new Blur({ filter: gaussianBlur({ sigma: 1 }), padding: "reflect" });
      const y = physics.A(images());
      return ofSecond(() => physics.ADagger(y));
    });
    expect(found.reads).toBe(0);
  });
});

describe("the Trainer on a device", () => {
  it.each([
    ["float32", 0],
    // The first scale of the loss.
    ["f16", 1],
  ] as const)(
    "reads twice in every `readEvery` steps: the losses, and whether the data was finite (%s)",
    async (precision, uploads) => {
      await init({ device: "webgpu", precision });
      const rng = new Rng(3);
      const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 2, rng });
      const x = rng.uniform([30, 1, 8, 8]);
      const trainer = new Trainer({
        model,
        physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.2 }) }),
        losses: [new SureGaussianLoss({ sigma: 0.2 }), new TVLoss({ weight: 0.01 })],
        optimizer: new Adam(model.parameters(), { lr: 1e-3 }),
        trainData: new TensorDataset({ x }),
        readEvery: 10,
        gradClip: 1,
        rng,
      });
      device.take();
      await trainer.train();
      // A draw for the noise and one for the divergence in each step.
      expect(device.take()).toEqual({ reads: 6, uploads, draws: 60 });
      model.dispose();
      x.dispose();
      await init({ device: "webgpu" });
    },
  );
});

describe("the device that is pretended", () => {
  it("counts what is read, sent and drawn", () => {
    tidy(() => {
      const t = tensor([1, 2]);
      expect(device.take().uploads).toBe(1);
      expect(t.device).toBe("webgpu");
      expect([...t.add(1).dataSync()]).toEqual([2, 3]);
      expect([...t.mul(2).to("cpu").dataSync()]).toEqual([2, 4]);
      new Rng(1).poisson(new Rng(1).uniform([3]));
      new Rng(1).uniform([3], { device: "cpu" });
      expect(device.take()).toEqual({ reads: 3, uploads: 0, draws: 2 });
    });
  });

  it("refuses float64, and tensors of two devices", () => {
    tidy(() => {
      const t = tensor([1, 2]);
      expect(() => tensor([1], { dtype: "float64" })).toThrow(expect.objectContaining({ name: "DTypeError" }));
      expect(() => t.add(tensor([1], { device: "cpu" }))).toThrow(expect.objectContaining({ name: "DeviceError" }));
    });
  });
});

describe("a level for each image", () => {
  it("is read again once it has other values", () => {
    tidy(() => {
      const drawn = (noise: GammaNoise) => [...noise.forward(images(), { rng: new Rng(4) }).dataSync()];
      const noise = new GammaNoise({ l: tensor([2, 2]) });
      drawn(noise);
      (noise.l as Tensor).assign_(tensor([2, 50]));
      expect(drawn(noise)).toEqual(drawn(new GammaNoise({ l: tensor([2, 50]) })));
    });
  });
});
