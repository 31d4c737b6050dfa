import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { buildData } from "../../ts/cli/build.js";
import { checkConfig } from "../../ts/cli/check-config.js";
import type { Named } from "../../ts/cli/alternative.js";
import { Place } from "../../ts/cli/place.js";
import type { MeasuredDataset } from "../../ts/data/index.js";
import type { MOILoss, adversarial } from "../../ts/loss/index.js";
import type { Module } from "../../ts/nn/index.js";
import { Inpainting } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import type { WeightedLoss } from "../../ts/train/index.js";
import { Darker } from "../loss/every.js";
import { configOf, partsOf } from "./configuration.js";

beforeEach(async () => {
  await init({ device: "cpu" });
  vi.spyOn(Rng, "fromEntropy").mockImplementation(() => {
    throw new Error("a draw that the seed does not determine");
  });
});
afterEach(() => vi.restoreAllMocks());

const lossOf = async (loss: Named, seed: number): Promise<unknown> => {
  const [weighted] = (await partsOf({ losses: [loss] }, new Rng(seed))).losses as readonly WeightedLoss[];
  return weighted!.loss;
};

/** The numbers that a configuration draws, by the seed. */
const draws: Readonly<Record<string, (seed: number) => Promise<ArrayLike<number>>>> = {
  "the masks of a loss's operators": async (seed) => {
    const physics = [{ name: "Inpainting", imgSize: [1, 8, 8], mask: 0.5 }];
    const loss = (await lossOf({ name: "MOILoss", physics }, seed)) as MOILoss;
    const xNet = new Rng(0).uniform([1, 1, 8, 8]);
    const args = { xNet, model: new Darker(), physics: new Inpainting({ imgSize: [1, 8, 8] }), rng: new Rng(0) };
    return loss.forward(args).dataSync();
  },
  "the weights of a loss's discriminator": async (seed) => {
    const D = { name: "PatchGANDiscriminator", inputNc: 1, ndf: 2, nLayers: 1 };
    const loss = (await lossOf({ name: "SupAdversarialGeneratorLoss", D }, seed)) as InstanceType<
      typeof adversarial.SupAdversarialGeneratorLoss
    >;
    return (loss.D as Module).parameters()[0]!.dataSync();
  },
  "those of the losses of a discriminator": async (seed) => {
    const D = { name: "PatchGANDiscriminator", inputNc: 1, ndf: 2, nLayers: 1 };
    const lossesD = [{ name: "SupAdversarialDiscriminatorLoss", D }];
    const parts = await partsOf({ D, losses: ["SupAdversarialGeneratorLoss"], lossesD }, new Rng(seed));
    const [{ loss }] = parts.adversarial!.lossesD as unknown as [{ loss: { D: Module } }];
    return loss.D.parameters()[0]!.dataSync();
  },
  "the noise of measurements": async (seed) => {
    const train = {
      name: "MeasuredDataset",
      dataset: { name: "TensorDataset", x: [[[[1, 2]]]] },
      physics: { name: "Denoising", noise: "GaussianNoise" },
    };
    const config = checkConfig(configOf({ data: { train } }), "config.json");
    const data = await buildData(config, new Rng(seed), new Place("config.json"));
    return (await (data.train as MeasuredDataset).get(0)).y!.dataSync();
  },
};

it.each(Object.entries(draws))("%s: two with one seed are the same, and another seed has others", async (_, draw) => {
  const numbers = Array.from(await draw(1));
  expect(Array.from(await draw(1))).toEqual(numbers);
  expect(Array.from(await draw(2))).not.toEqual(numbers);
});
