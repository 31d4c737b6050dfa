// Trains the network from which `adjoint denoise` starts, and writes its weights.
//
//   node scripts/train-denoiser.mjs <folder of pictures>... [--minutes 80 | --steps 30000] [--seed 0] [--output FILE]
//
// The pictures are read with all folders below, made smaller so that neither noise nor traces of JPEG are left, and
// noise is added to patches of them: Gaussian, Poisson-Gaussian and gamma noise of all levels, half of it clipped and
// rounded to 8 bits as files do. The weights are a running mean over the steps; the file is written every five minutes.
// docs/denoising-network.md says which pictures the shipped weights have seen.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { DenoisingNetwork } from "../dist/denoise/denoising-network.js";
import { cat, grad, init, noGrad, optim, Rng, tensor, tidy } from "../dist/index.js";
import { io } from "../dist/index.js";
import { halfSafetensors } from "./denoiser/half.mjs";
import { addNoise } from "./denoiser/noise.mjs";
import { drawPatch, pictureFiles, readPictures } from "./denoiser/pictures.mjs";
import { stream } from "./denoiser/random.mjs";

/** Share of the training, side of the patches, and their number of each kind. */
const STAGES = [
  { until: 0.7, size: 64, batch: 4 },
  { until: 1, size: 128, batch: 1 },
];
const DECAY = 0.9985;
const WARM_UP = 300;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    minutes: { type: "string", default: "80" },
    steps: { type: "string" },
    seed: { type: "string", default: "0" },
    lr: { type: "string", default: "1e-3" },
    output: { type: "string", default: "denoiser.safetensors" },
    start: { type: "string" },
  },
});
const say = (text) => process.stderr.write(`${text}\n`);

await init({ device: "cpu" });
const random = stream(Number(values.seed));
const pictures = await readPictures(pictureFiles(positionals), say);
say(`${pictures.length} copies of pictures, ${pictures.reduce((sum, p) => sum + p.data.length, 0) / 1e6} MB`);
const model = new DenoisingNetwork({ rng: new Rng(Number(values.seed)) });
if (values.start) model.loadStateDict(await io.readSafetensors(values.start));
const parameters = model.parameters();
const lr = Number(values.lr);
const optimizer = new optim.Adam(parameters, { lr });
const mean = parameters.map((p) => p.detach().clone());

/** Clean and noisy patches with their levels as tensors, and the weight of each patch. */
function drawBatch(channels, { size, batch }) {
  const length = channels * size * size;
  const [x, y, s] = [0, 1, 2].map(() => new Float32Array(batch * length));
  const weights = new Float32Array(batch);
  for (let b = 0; b < batch; b++) {
    const clean = drawPatch(pictures, size, channels, random);
    const noisy = addNoise(clean, size, channels, random);
    x.set(clean, b * length);
    y.set(noisy.y, b * length);
    s.set(noisy.levels, b * length);
    // The squared error of a good result grows about as the level: so that all levels count alike.
    weights[b] = 1 / (noisy.levels.reduce((a, v) => a + v, 0) / length + 0.005);
  }
  const shape = [batch, channels, size, size];
  return [...[x, y, s].map((data) => tensor(data, { shape })), tensor(weights, { shape: [batch, 1, 1, 1] })];
}

/** One step of Adam on half grey, half coloured patches; the loss of each half as a tensor. */
function step(stage) {
  return tidy(() => {
    const [xg, yg, sg, wg] = drawBatch(1, stage);
    const [xc, yc, sc, wc] = drawBatch(3, stage);
    const features = model.trunk(cat([model.start(yg, sg), model.start(yc, sc)], 0));
    const [, channels, rows, columns] = features.shape;
    const half = (k) => features.slice([k * stage.batch, 0, 0, 0], [(k + 1) * stage.batch, channels, rows, columns]);
    const grey = model.finish(yg, sg, half(0)).sub(xg).square().mul(wg).mean();
    const colour = model.finish(yc, sc, half(1)).sub(xc).square().mul(wc).mean();
    const gradients = clipped(grad(grey.add(colour), parameters));
    noGrad(() => optimizer.step(gradients));
    return cat([grey.detach().reshape([1]), colour.detach().reshape([1])], 0);
  });
}

let usual = 0;
/** Gradients of at most twice the usual norm. */
function clipped(gradients) {
  const norm = Math.sqrt(gradients.reduce((sum, g) => sum + g.square().sum().dataSync()[0], 0));
  const limit = usual === 0 ? norm : 2 * usual;
  usual = usual === 0 ? norm : 0.99 * usual + 0.01 * Math.min(norm, limit);
  return norm > limit ? gradients.map((g) => g.mul(limit / norm)) : gradients;
}

async function save(path, steps, minutes) {
  const names = model.namedParameters().map(([name]) => name);
  const tensors = {};
  for (const [k, name] of names.entries()) tensors[name] = { data: await mean[k].data(), shape: [...mean[k].shape] };
  writeFileSync(path, halfSafetensors(tensors, { steps: `${steps}`, minutes: minutes.toFixed(1), seed: values.seed }));
}

const begin = performance.now();
const elapsed = () => (performance.now() - begin) / 60000;
const total = values.steps ? Number(values.steps) : undefined;
let [steps, saved, losses] = [0, 0, [0, 0]];
for (;;) {
  const share = total ? steps / total : elapsed() / Number(values.minutes);
  if (share >= 1) break;
  const stage = STAGES.find(({ until }) => share < until);
  optimizer.learningRate =
    lr * Math.min(1, (steps + 1) / WARM_UP) * (0.002 + 0.998 * 0.5 * (1 + Math.cos(Math.PI * share)));
  const value = await step(stage).data();
  steps += 1;
  // A young mean forgets faster.
  const keep = Math.min(DECAY, steps / (steps + 10));
  noGrad(() =>
    tidy(() => parameters.forEach((p, k) => mean[k].assign_(mean[k].mul(keep).add(p.detach().mul(1 - keep))))),
  );
  losses = losses.map((sum, k) => sum + value[k]);
  if (steps % 200 === 0) {
    say(
      `${elapsed().toFixed(1)} min, step ${steps}: ${losses.map((sum) => (sum / 200).toFixed(5)).join(", ")}, ` +
        `lr ${optimizer.learningRate.toExponential(1)}`,
    );
    losses = [0, 0];
  }
  if (elapsed() - saved > 5) {
    saved = elapsed();
    await save(values.output, steps, saved);
  }
}
await save(values.output, steps, elapsed());
say(`${values.output}: ${steps} steps in ${elapsed().toFixed(1)} minutes`);
