// This library as a side of the part with files: trainings and evaluations on a folder of PNG files, and the denoising
// of a picture. `kept`: the images are decoded before, and kept in memory.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { data, denoise, init, io, loss, metric, nn, physics, Rng, tensor, train } from "../../dist/index.js";
import { FILES, FOLDER, PATCH, PATCHES, picture, SIDE } from "../pictures.mjs";
import { seeded } from "../seeded.mjs";
import { denoising, sigma, training } from "../steps.mjs";

const network = (depth, nf) => seeded(new nn.DnCNN({ inChannels: 1, outChannels: 1, depth, nf }));
const MEGAPIXEL = 1024;

async function writePictures(folder) {
  for (let k = 0; k < FILES; k++) {
    const file = join(folder, `${String(k).padStart(2, "0")}.png`);
    if (!existsSync(file)) await io.writeImage(file, tensor(picture(SIDE, k), { shape: [1, SIDE, SIDE] }));
  }
}

/** Steps on patches, of which each is cut from an image of its own. The next batch is read while a step computes. */
function loading(images, workers, [depth, nf]) {
  const [model, operator, criterion, rng] = [network(depth, nf), denoising(), new loss.SupLoss(), new Rng(0)];
  const dataset = new data.PatchDataset({ dataset: images, size: PATCH, length: 2 ** 14 });
  const loader = new data.DataLoader({ dataset, batchSize: PATCHES, shuffle: true, rng: new Rng(1), workers });
  let [x, y] = [];
  const step = training(model, () => criterion.forward({ xNet: model.forward(y, operator), x }).mean());
  let batches = loader[Symbol.asyncIterator]();
  return async () => {
    let next = await batches.next();
    if (next.done) {
      batches = loader[Symbol.asyncIterator]();
      next = await batches.next();
    }
    x = next.value.x;
    y = operator.forward(x, { rng });
    const value = step();
    await value.data();
    for (const t of [value, x, y]) t.dispose();
  };
}

function evaluating(images, workers, operator = denoising()) {
  const model = network(7, 32);
  const loader = new data.DataLoader({ dataset: images, workers });
  const options = { model, physics: operator, data: loader, metrics: [new metric.PSNR()] };
  return async () => await train.evaluate({ ...options, rng: new Rng(0) });
}

/** What `adjoint denoise` computes: the noise, a network that learns from the picture, and its result. */
function denoisingPicture() {
  const rng = new Rng(0);
  const values = Float32Array.from(picture(MEGAPIXEL, 0));
  const draws = rng.normal([values.length]).dataSync();
  const image = { data: values.map((value, i) => value + sigma * draws[i]), shape: [1, MEGAPIXEL, MEGAPIXEL] };
  return async () => {
    const noise = denoise.estimateNoise([image]);
    const denoiser = await denoise.learn([image], { noise, rng });
    await denoiser.restore(image, { rng });
  };
}

/** Starts the library; see bench/side.mjs. */
export async function open({ kept = false } = {}) {
  await init();
  await writePictures(process.env[FOLDER]);
  const workers = kept ? 0 : 1;
  const images = await data.ImageFolder.open({ path: process.env[FOLDER], cacheBytes: kept ? 2 ** 30 : 0 });
  if (kept) for (let k = 0; k < FILES; k++) await images.pixels(k);
  const makers = {
    loading: () => loading(images, workers, [7, 32]),
    loadingDeep: () => loading(images, workers, [17, 64]),
    evaluate: () => evaluating(images, workers),
    ...(kept ? {} : { denoise: denoisingPicture }),
  };
  const ready = new Map();
  return {
    kinds: [],
    cases: Object.keys(makers),
    async time(name, steps) {
      if (!ready.has(name)) ready.set(name, makers[name]());
      const started = performance.now();
      for (let i = 0; i < steps; i++) await ready.get(name)();
      return (performance.now() - started) / 1000;
    },
    /** The mean of each image, and the metric of a network on them without noise. */
    async check() {
      const { metrics } = await evaluating(
        images,
        workers,
        new physics.Denoising({ noiseModel: new physics.ZeroNoise() }),
      )();
      const means = [];
      for (let k = 0; k < FILES; k++) {
        const { data: values } = await images.pixels(k);
        means.push(values.reduce((sum, value) => sum + value, 0) / values.length);
      }
      return { means, psnr: metrics.PSNR.values };
    },
  };
}
