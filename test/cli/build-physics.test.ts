import { beforeAll, describe, expect, it } from "vitest";
import { makePhysics } from "../../ts/cli/build-physics.js";
import { UsageError } from "../../ts/cli/common.js";
import type { Named } from "../../ts/cli/config.js";
import { ComposedLinearPhysics, GaussianNoise, Inpainting, LinearPhysics, PoissonNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { expectError } from "../physics/helpers.js";

beforeAll(() => init({ device: "cpu" }));

const generator = (name: string) => ({ name, imgSize: [2, 16, 16], acceleration: 4 });
const configurations: readonly (Named & { size: number[] })[] = [
  { name: "Denoising", size: [2, 1, 4, 4] },
  { name: "Inpainting", imgSize: [1, 4, 4], mask: 0.5, size: [1, 1, 4, 4] },
  { name: "Inpainting", imgSize: [1, 2, 2], mask: [[1, 0], [0, 1]], size: [1, 1, 2, 2] },
  { name: "Inpainting", imgSize: [1, 8, 8], mask: { name: "BernoulliSplittingMaskGenerator", imgSize: [1, 8, 8], splitRatio: 0.6 }, size: [1, 1, 8, 8] },
  { name: "Demosaicing", imgSize: [4, 4], size: [1, 3, 4, 4] },
  { name: "Blur", filter: { name: "gaussian", sigma: 1 }, padding: "reflect", size: [1, 1, 16, 16] },
  { name: "Blur", filter: { name: "MotionBlurGenerator", psfSize: 7 }, padding: "circular", size: [1, 1, 16, 16] },
  { name: "BlurFFT", imgSize: [1, 6, 5], filter: [[[[0.5, 0.5]]]], size: [1, 1, 6, 5] },
  { name: "Downsampling", imgSize: [1, 8, 8], filter: "bilinear", size: [1, 1, 8, 8] },
  { name: "CompressedSensing", m: 3, imgSize: [1, 4, 4], size: [1, 1, 4, 4] },
  { name: "SinglePixelCamera", m: 3, imgSize: [1, 4, 4], ordering: "xy", size: [1, 1, 4, 4] },
  ...["RandomMaskGenerator", "GaussianMaskGenerator", "EquispacedMaskGenerator"].map((name) => ({ name: "MRI", mask: generator(name), size: [1, 2, 16, 16] })),
  { name: "MultiCoilMRI", imgSize: [8, 8], coilMaps: 3, size: [1, 2, 8, 8] },
  { name: "DynamicMRI", imgSize: [2, 4, 4], size: [1, 2, 2, 4, 4] },
  { name: "SequentialMRI", imgSize: [2, 4, 4], size: [1, 2, 4, 4] },
  { name: "Tomography", angles: 3, imgWidth: 6, size: [1, 1, 6, 6] },
  { name: "Decolorize", srf: [0.2, 0.3, 0.5], size: [1, 3, 4, 4] },
];

describe("an operator from a configuration", () => {
  it.each(configurations)("$name measures, and is the same for the same seed", ({ size, ...config }) => {
    const make = () => makePhysics({ ...config, noise: { name: "GaussianNoise", sigma: 0.1 } }, new Rng(7));
    const operator = make();
    expect(operator).toBeInstanceOf(LinearPhysics);
    expect(operator.noiseModel).toBeInstanceOf(GaussianNoise);
    const x = new Rng(1).uniform(size);
    expect(Array.from(operator.A(x).dataSync())).toEqual(Array.from(make().A(x).dataSync()));
  });

  it("may be a chain, with the noise of the last", () => {
    const list = [{ name: "Blur", filter: { name: "gaussian", sigma: 1 }, padding: "circular" }, { name: "Inpainting", imgSize: [1, 8, 8], mask: 0.5 }];
    const chain = makePhysics({ name: "compose", list, noise: { name: "PoissonNoise", gain: 0.1 } }, new Rng(1)) as ComposedLinearPhysics;
    expect(chain).toBeInstanceOf(ComposedLinearPhysics);
    expect(chain.noiseModel).toBeInstanceOf(PoissonNoise);
    expect(chain.list[1]).toBeInstanceOf(Inpainting);
  });

  it("is refused with a reason", () => {
    expectError(() => makePhysics({ name: "Blurr" }, new Rng(1)), UsageError, "unknown_option", '"Blur"');
    expectError(() => makePhysics({ name: "Denoising", noise: { name: "Gauss" } }, new Rng(1)), UsageError, "unknown_option", "GaussianNoise");
    expectError(() => makePhysics({ name: "MRI", mask: { name: "Equispaced" } }, new Rng(1)), UsageError, "unknown_option", "EquispacedMaskGenerator");
    expectError(() => makePhysics({ name: "Tomography", angles: 3 }, new Rng(1)), ArgumentError, "invalid_argument", "imgWidth");
    expectError(() => makePhysics({ name: "compose", list: [] }, new Rng(1)), UsageError, "missing_argument", "list");
    expectError(() => makePhysics({ name: "compose", list: [{ name: "Denoising" }], sigma: 1 }, new Rng(1)), UsageError, "unknown_option", "sigma");
  });
});
