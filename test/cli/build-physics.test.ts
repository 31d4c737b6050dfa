import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Named } from "../../ts/cli/alternative.js";
import type { Parts } from "../../ts/cli/build.js";
import { UsageError } from "../../ts/cli/errors.js";
import { writeArray } from "../../ts/io/index.js";
import { TensorDataset } from "../../ts/data/index.js";
import {
  bicubicFilter,
  bilinearFilter,
  type Blur,
  ComposedLinearPhysics,
  GaussianNoise,
  Inpainting,
  LinearPhysics,
  Pansharpen,
  PoissonNoise,
  StackedLinearPhysics,
} from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { type AdjointError, ArgumentError, init } from "../../ts/runtime/index.js";
import { memory } from "../../ts/tensor/index.js";
import { type AnyPhysics, evaluate, Trainer } from "../../ts/train/index.js";
import { partsOf, physicsOf } from "./configuration.js";

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
  it.each(configurations)("$name measures, and is the same with the same seed", async ({ size, ...config }) => {
    const make = async () =>
      (await physicsOf({ ...config, noise: { name: "GaussianNoise", sigma: 0.1 } }, new Rng(7))) as LinearPhysics;
    const operator = await make();
    expect(operator).toBeInstanceOf(LinearPhysics);
    expect(operator.noiseModel).toBeInstanceOf(GaussianNoise);
    const x = new Rng(1).uniform(size);
    expect(Array.from(operator.A(x).dataSync())).toEqual(Array.from((await make()).A(x).dataSync()));
  });

  it.each(configurations.filter(isRandom))("$name is drawn from the seed", async ({ size, ...config }) => {
    const measure = async (seed: number) => {
      const operator = (await physicsOf(config, new Rng(seed))) as LinearPhysics;
      return Array.from(operator.A(new Rng(1).uniform(size)).dataSync());
    };
    expect(await measure(7)).not.toEqual(await measure(8));
  });

  it("may be a composition, with the noise of the last operator", async () => {
    const list = [
      { name: "Blur", filter: { name: "gaussian", sigma: 1 }, padding: "circular" },
      { name: "Inpainting", imgSize: [1, 8, 8], mask: 0.5 },
    ];
    const noise = { name: "PoissonNoise", gain: 0.1 };
    const chain = (await physicsOf({ name: "compose", list, noise })) as ComposedLinearPhysics;
    expect(chain).toBeInstanceOf(ComposedLinearPhysics);
    expect(chain.noiseModel).toBeInstanceOf(PoissonNoise);
    expect(chain.list[1]).toBeInstanceOf(Inpainting);
  });

  it("may be a stack, each operator with its noise", async () => {
    const list = [
      { name: "Denoising", noise: { name: "GaussianNoise", sigma: 0.1 } },
      { name: "Blur", filter: { name: "gaussian", sigma: 1 }, noise: { name: "PoissonNoise", gain: 0.1 } },
    ];
    const several = (await physicsOf({ name: "stack", list })) as StackedLinearPhysics;
    expect(several).toBeInstanceOf(StackedLinearPhysics);
    expect(several.list.map(({ noiseModel }) => noiseModel.kind)).toEqual(["gaussian", "poisson"]);

    const sharpened = (await physicsOf({
      name: "Pansharpen",
      imgSize: [3, 8, 8],
      factor: 2,
      noiseColor: { name: "GaussianNoise", sigma: 0.2 },
    })) as Pansharpen;
    expect(sharpened).toBeInstanceOf(Pansharpen);
    expect(sharpened.A(new Rng(1).uniform([1, 3, 8, 8])).shapes).toEqual([
      [1, 3, 4, 4],
      [1, 1, 8, 8],
    ]);
    expect(sharpened.list.map(({ noiseModel }) => noiseModel.kind)).toEqual(["gaussian", "zero"]);
  });

  it("that is a stack is trained and evaluated", async () => {
    const size = [3, 8, 8];
    const built = await partsOf({
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
    });
    const data = new TensorDataset({ x: new Rng(1).uniform([4, ...size]) });
    const before = memory();
    const trainer = new Trainer({
      ...trained(built),
      trainData: data,
      batchSize: 2,
      epochs: 20,
      rng: new Rng(2),
      readEvery: 1,
    });
    await trainer.train();
    const losses = trainer.history.map(({ loss }) => loss ?? Number.NaN);
    expect(losses.at(-1)).toBeLessThan(losses[0]! / 2);
    const { metrics, measurement } = await evaluate({
      model: trainer.model,
      physics: built.physics as AnyPhysics,
      data,
      metrics: built.metrics,
      rng: new Rng(3),
    });
    expect(metrics["PSNR"]?.values).toHaveLength(4);
    // The first measurement is coarser than the image.
    expect(measurement).toEqual({});
    expect(memory().tensors - before.tensors).toBeLessThan(60);
  });

  it("takes filters and masks by name, and tensors from files and lists", async () => {
    const filter = async (value: unknown) => ((await physicsOf({ name: "Blur", filter: value })) as Blur).filter?.shape;
    expect(await filter({ name: "bilinear", factor: 2 })).toEqual(bilinearFilter(2).shape);
    expect(await filter({ name: "bicubic", factor: 2 })).toEqual(bicubicFilter(2).shape);
    expect(await filter({ name: "sinc", factor: 2, length: 6 })).toEqual([1, 1, 6, 6]);
    expect(await filter({ name: "DiffractionBlurGenerator", psfSize: 5 })).toEqual([1, 1, 5, 5]);
    expect(await filter([[[[1, 2, 3]]]])).toEqual([1, 1, 1, 3]);
    expect(await filter({ file: "adjoint:examples/images/mr_slice.png" })).toEqual([1, 1, 64, 64]);
    const path = join(await mkdtemp(join(tmpdir(), "adjoint-tensor-")), "psf.npy");
    await writeArray(path, new Rng(0).uniform([3, 1, 1, 5, 5]));
    expect(await filter({ file: path, slice: 1 })).toEqual([1, 1, 5, 5]);
    const missing = (await filter({ file: "none.npy" }).catch((error: unknown) => error)) as Error;
    expect(missing.message).toMatch(/^config\.json: physics\.filter\.file: none\.npy/);
    await rm(dirname(path), { recursive: true });
  });

  it("is refused where a name, a key or a value is not valid", async () => {
    const sharpen = { name: "Pansharpen", imgSize: [3, 8, 8], factor: 2 };
    const cases: [Named, new (message: string, code: string) => AdjointError, string, string][] = [
      [{ name: "stack" }, UsageError, "missing_argument", "physics.list is missing, which stack needs"],
      [{ name: "stack", list: ["Denoising"], noise: "ZeroNoise" }, UsageError, "unknown_option", "physics.noise"],
      [{ name: "stack", list: ["Denoising", sharpen] }, UsageError, "unknown_option", "physics.list[1].name"],
      [{ name: "compose", list: ["Denoising", sharpen] }, UsageError, "unknown_option", "physics.list[1].name"],
      [{ ...sharpen, noiseGray: { name: "Gauss" } }, UsageError, "unknown_option", "physics.noiseGray"],
      [{ name: "Blurr" }, UsageError, "unknown_option", '"Blur"'],
      [{ name: "Denoising", noise: { name: "Gauss" } }, UsageError, "unknown_option", '"GaussianNoise"'],
      [
        { name: "Denoising", noise: { name: "GaussianNoise", sigma: -1 } },
        ArgumentError,
        "invalid_argument",
        "physics.noise.sigma",
      ],
      [{ name: "MRI", mask: { name: "Equispaced" } }, UsageError, "unknown_option", '"EquispacedMaskGenerator"'],
      [{ name: "MRI", mask: [[1, "a"]] }, UsageError, "invalid_argument", "physics.mask[0][1]"],
      [{ name: "Blur", padding: "mirror" }, UsageError, "invalid_argument", '"reflect"'],
      [{ name: "Tomography", angles: 3 }, UsageError, "missing_argument", "physics.imgWidth"],
      [{ name: "compose", list: [] }, ArgumentError, "invalid_argument", "physics.list"],
      [{ name: "compose", list: ["Denoising"], sigma: 1 }, UsageError, "unknown_option", "physics.sigma"],
    ];
    for (const [physics, Class, code, text] of cases) {
      const error = (await physicsOf(physics).catch((thrown: unknown) => thrown)) as AdjointError;
      expect(error).toBeInstanceOf(Class);
      expect([error.code, error.message]).toEqual([code, expect.stringContaining(text)]);
    }
  });
});

/** What the Trainer takes of the parts of a configuration. */
const trained = ({ model, physics, losses, optimizer, metrics }: Parts) => ({
  model,
  physics: physics as AnyPhysics,
  losses,
  optimizer,
  metrics,
});
