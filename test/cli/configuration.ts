import { buildParts, type Parts } from "../../ts/cli/build.js";
import { checkConfig } from "../../ts/cli/check-config.js";
import type { Named } from "../../ts/cli/alternative.js";
import { Place } from "../../ts/cli/place.js";
import type { Reconstructor } from "../../ts/nn/index.js";
import { Rng } from "../../ts/random/index.js";
import type { AnyPhysics } from "../../ts/train/index.js";

/** A small configuration with some keys changed. */
export function configOf(change: object): Record<string, unknown> {
  return {
    data: { train: "photos" },
    physics: { name: "Denoising" },
    model: { name: "DnCNN", depth: 2, nf: 1 },
    losses: [{ name: "SupLoss" }],
    ...change,
  };
}

/** What is made of a small configuration with some keys changed. */
export async function partsOf(change: object, rng = new Rng(0)): Promise<Parts> {
  const config = checkConfig(configOf(change), "config.json");
  return await buildParts(config, rng, new Place("config.json"));
}

/** The physics that a configuration names. */
export async function physicsOf(physics: Named | string, rng = new Rng(0)): Promise<AnyPhysics> {
  return (await partsOf({ physics }, rng)).physics as AnyPhysics;
}

/** The network that a configuration names. */
export async function modelOf(model: Named | string): Promise<Reconstructor> {
  return (await partsOf({ model })).model;
}
