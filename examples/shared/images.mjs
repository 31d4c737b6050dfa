import { data, io, stack } from "adjoint";
import { imageFolder as path } from "./image-folder.mjs";

const trainingNames = [
  "astronaut",
  "brick",
  "cell",
  "coffee",
  "coins",
  "grass",
  "gravel",
  "hubble_deep_field",
  "moon",
  "rocket",
];
const heldBack = ["camera", "chelsea"];

/**
 * The bundled photographs, grey, `[1, 256, 256]`: ten to train on and two held back; `size` crops the centre of those
 * two.
 */
export async function photographs({ size } = {}) {
  const training = await data.ImageFolder.open({ path, channels: "grey", names: trainingNames });
  const test = await data.ImageFolder.open({ path, channels: "grey", names: heldBack, ...(size ? { size } : {}) });
  return { training, test, names: heldBack };
}

/** A bundled image, grey, as a tensor `[1, 1, H, W]`. */
export async function testImages(name) {
  return await io.readImage(`${path}/${name}.png`, { channels: "grey" });
}

/**
 * A dataset of random patches of photographs, enough for `steps` steps of `batchSize` patches. With `physics` each
 * photograph is measured once, as a whole, and patches are cut from photograph and measurement alike.
 */
export function patches(photographs, { size, steps, batchSize, physics, seed }) {
  const dataset = physics ? new data.MeasuredDataset({ dataset: photographs, physics, seed }) : photographs;
  return new data.PatchDataset({ dataset, size, length: steps * batchSize, augment: true });
}

/** Random patches of photographs, fixed: a tensor `[count, 1, size, size]`. */
export async function crops(photographs, { size, count, rng }) {
  const dataset = new data.PatchDataset({ dataset: photographs, size, length: count, augment: true });
  const samples = [];
  for (let i = 0; i < count; i++) samples.push((await dataset.get(i, { rng })).x);
  return stack(samples, 0);
}
