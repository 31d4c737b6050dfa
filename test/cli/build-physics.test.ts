import { beforeAll, describe, expect, it } from "vitest";
import { buildParts } from "../../ts/cli/build.js";
import { makePhysics } from "../../ts/cli/build-physics.js";
import { checkConfig, type Named } from "../../ts/cli/config.js";
import { UsageError } from "../../ts/cli/errors.js";
import { TensorDataset } from "../../ts/data/index.js";
import {
  ComposedLinearPhysics,
  GaussianNoise,
  Inpainting,
  LinearPhysics,
  Pansharpen,
  PoissonNoise,
  StackedLinearPhysics,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { memory } from "../../ts/tensor/index.js";
import { evaluate, Trainer } from "../../ts/train/index.js";
import { expectError } from "../physics/helpers.js";

beforeAll(() => init({ device: "cpu" }));

const generator = (name: string) => ({ name, imgSize: [2, 16, 16], acceleration: 4 });
const configurations: readonly (Named & { size: number[] })[] = [
  { name: "Denoising", size: [2, 1, 4, 4] },
  { name: "Inpainting", imgSize: [1, 4, 4], mask: 0.5, size: [1, 1, 4, 4] },
  {
    name: "Inpainting",
    imgSize: [1, 2, 2],
    mask: [
      [1, 0],
      [0, 1],
    ],
    size: [1, 1, 2, 2],
  },
  {
    name: "Inpainting",
    imgSize: [1, 8, 8],
    mask: { name: "BernoulliSplittingMaskGenerator", imgSize: [1, 8, 8], splitRatio: 0.6 },
    size: [1, 1, 8, 8],
  },
  { name: "Demosaicing", imgSize: [4, 4], size: [1, 3, 4, 4] },
  { name: "Blur", filter: { name: "gaussian", sigma: 1 }, padding: "reflect", size: [1, 1, 16, 16] },
  { name: "Blur", filter: { name: "MotionBlurGenerator", psfSize: 7 }, padding: "circular", size: [1, 1, 16, 16] },
  { name: "BlurFFT", imgSize: [1, 6, 5], filter: [[[[0.5, 0.5]]]], size: [1, 1, 6, 5] },
  { name: "Downsampling", imgSize: [1, 8, 8], filter: "bilinear", size: [1, 1, 8, 8] },
  { name: "CompressedSensing", m: 3, imgSize: [1, 4, 4], size: [1, 1, 4, 4] },
  { name: "SinglePixelCamera", m: 3, imgSize: [1, 4, 4], ordering: "xy", size: [1, 1, 4, 4] },
  ...["RandomMaskGenerator", "GaussianMaskGenerator", "EquispacedMaskGenerator"].map((name) => ({
    name: "MRI",
    mask: generator(name),
    size: [1, 2, 16, 16],
  })),
  { name: "MultiCoilMRI", imgSize: [8, 8], coilMaps: 3, size: [1, 2, 8, 8] },
  { name: "DynamicMRI", imgSize: [2, 4, 4], size: [1, 2, 2, 4, 4] },
  { name: "SequentialMRI", imgSize: [2, 4, 4], size: [1, 2, 4, 4] },
  { name: "Tomography", angles: 3, imgWidth: 6, size: [1, 1, 6, 6] },
  { name: "Decolorize", srf: [0.2, 0.3, 0.5], size: [1, 3, 4, 4] },
];

/** Whether an operator has a mask, filter or matrix that is drawn. */
function isRandom({ name, mask, filter }: Named): boolean {
  const isDrawn = (value: unknown): boolean =>
    typeof value === "number" ||
    (typeof value === "object" && String((value as Partial<Named>).name).endsWith("Generator"));
  return name === "CompressedSensing" || isDrawn(mask) || isDrawn(filter);
}

describe("an operator from a configuration", () => {
  it.each(configurations)("$name measures, and is the same with the same seed", ({ size, ...config }) => {
    const make = () =>
      makePhysics({ ...config, noise: { name: "GaussianNoise", sigma: 0.1 } }, new Rng(7)) as LinearPhysics;
    const operator = make();
    expect(operator).toBeInstanceOf(LinearPhysics);
    expect(operator.noiseModel).toBeInstanceOf(GaussianNoise);
    const x = new Rng(1).uniform(size);
    expect(Array.from(operator.A(x).dataSync())).toEqual(Array.from(make().A(x).dataSync()));
  });

  it.each(configurations.filter(isRandom))("$name is drawn from the seed", ({ size, ...config }) => {
    const measure = (seed: number) => {
      const operator = makePhysics(config, new Rng(seed)) as LinearPhysics;
      return Array.from(operator.A(new Rng(1).uniform(size)).dataSync());
    };
    expect(measure(7)).not.toEqual(measure(8));
  });

  it("may be a composition, with the noise of the last operator", () => {
    const list = [
      { name: "Blur", filter: { name: "gaussian", sigma: 1 }, padding: "circular" },
      { name: "Inpainting", imgSize: [1, 8, 8], mask: 0.5 },
    ];
    const chain = makePhysics(
      { name: "compose", list, noise: { name: "PoissonNoise", gain: 0.1 } },
      new Rng(1),
    ) as ComposedLinearPhysics;
    expect(chain).toBeInstanceOf(ComposedLinearPhysics);
    expect(chain.noiseModel).toBeInstanceOf(PoissonNoise);
    expect(chain.list[1]).toBeInstanceOf(Inpainting);
  });

  it("may be a stack, each operator with its noise", () => {
    const list = [
      { name: "Denoising", noise: { name: "GaussianNoise", sigma: 0.1 } },
      { name: "Blur", filter: { name: "gaussian", sigma: 1 }, noise: { name: "PoissonNoise", gain: 0.1 } },
    ];
    const several = makePhysics({ name: "stack", list }, new Rng(1)) as StackedLinearPhysics;
    expect(several).toBeInstanceOf(StackedLinearPhysics);
    expect(several.list.map(({ noiseModel }) => noiseModel.kind)).toEqual(["gaussian", "poisson"]);

    const sharpened = makePhysics(
      { name: "Pansharpen", imgSize: [3, 8, 8], factor: 2, noiseColor: { name: "GaussianNoise", sigma: 0.2 } },
      new Rng(1),
    ) as Pansharpen;
    expect(sharpened).toBeInstanceOf(Pansharpen);
    expect(sharpened.A(new Rng(1).uniform([1, 3, 8, 8])).shapes).toEqual([
      [1, 3, 4, 4],
      [1, 1, 8, 8],
    ]);
    expect(sharpened.list.map(({ noiseModel }) => noiseModel.kind)).toEqual(["gaussian", "zero"]);
  });

  it("that is a stack is trained and evaluated", async () => {
    const size = [3, 8, 8];
    const config = {
      data: { train: "photos" },
      physics: {
        name: "Pansharpen",
        imgSize: size,
        factor: 2,
        noiseColor: { name: "GaussianNoise", sigma: 0.05 },
        noiseGray: { name: "GaussianNoise", sigma: 0.05 },
      },
      model: {
        name: "ArtifactRemoval",
        mode: "adjoint",
        backboneNet: { name: "DnCNN", inChannels: 3, outChannels: 3, depth: 3, nf: 4 },
      },
      losses: [{ name: "StackedPhysicsLoss", losses: [{ name: "SureGaussianLoss", sigma: 0.05 }, { name: "MCLoss" }] }],
    };
    const built = buildParts(checkConfig(config, "config.json"), new Rng(0));
    const data = new TensorDataset({ x: new Rng(1).uniform([4, ...size]) });
    const before = memory();
    const trainer = new Trainer({ ...built, trainData: data, batchSize: 2, epochs: 20, rng: new Rng(2), readEvery: 1 });
    await trainer.train();
    const losses = trainer.history.map(({ loss }) => loss ?? Number.NaN);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
    const { metrics, measurement } = await evaluate({
      model: trainer.model,
      physics: built.physics,
      data,
      metrics: built.metrics,
      rng: new Rng(3),
    });
    expect(metrics["PSNR"]?.values).toHaveLength(4);
    // The first measurement is coarser than the image.
    expect(measurement).toEqual({});
    expect(memory().tensors - before.tensors).toBeLessThan(60);
  });

  it("is refused where a name, a key or a value is not valid", () => {
    expectError(() => makePhysics({ name: "stack" }, new Rng(1)), UsageError, "missing_argument", "stack");
    expectError(
      () => makePhysics({ name: "stack", list: [{ name: "Denoising" }], noise: { name: "ZeroNoise" } }, new Rng(1)),
      UsageError,
      "unknown_option",
      "noise",
    );
    for (const name of ["stack", "compose"]) {
      const within = [{ name: "Denoising" }, { name: "Pansharpen", imgSize: [3, 8, 8], factor: 2 }];
      expectError(() => makePhysics({ name, list: within }, new Rng(1)), UsageError, "invalid_argument", "Pansharpen");
    }
    expectError(
      () => makePhysics({ name: "Pansharpen", imgSize: [3, 8, 8], noiseGray: { name: "Gauss" } }, new Rng(1)),
      UsageError,
      "unknown_option",
      "physics.noiseGray",
    );

    expectError(() => makePhysics({ name: "Blurr" }, new Rng(1)), UsageError, "unknown_option", '"Blur"');
    expectError(
      () => makePhysics({ name: "Denoising", noise: { name: "Gauss" } }, new Rng(1)),
      UsageError,
      "unknown_option",
      "GaussianNoise",
    );
    expectError(
      () => makePhysics({ name: "MRI", mask: { name: "Equispaced" } }, new Rng(1)),
      UsageError,
      "unknown_option",
      "EquispacedMaskGenerator",
    );
    expectError(
      () => makePhysics({ name: "Tomography", angles: 3 }, new Rng(1)),
      ArgumentError,
      "invalid_argument",
      "imgWidth",
    );
    expectError(() => makePhysics({ name: "compose", list: [] }, new Rng(1)), UsageError, "missing_argument", "list");
    expectError(
      () => makePhysics({ name: "compose", list: [{ name: "Denoising" }], sigma: 1 }, new Rng(1)),
      UsageError,
      "unknown_option",
      "sigma",
    );
  });
});
