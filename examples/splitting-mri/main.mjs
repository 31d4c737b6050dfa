// Accelerated MRI without fully sampled data: a network trained by splitting the measurements, against one trained with ground truth.
//
//   node examples/splitting-mri/main.mjs [--steps N] [--out DIR] [--seed N]
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { cat, grad, init, loss, metric, nn, noGrad, optim, physics, Rng, tidy, zeros } from "adjoint";
import { encodePng, readImage } from "adjoint/io";
import { phantom } from "./phantoms.mjs";

const SIZE = 64;
const BATCH = 4;
const TRAINING = 48;
const HELD_BACK = 4;
const SIGMA = 0.01;

const { values } = parseArgs({
  options: { steps: { type: "string", default: "400" }, out: { type: "string", default: "results/splitting-mri" }, seed: { type: "string", default: "0" } },
});
const steps = wholeNumber("steps", 1);
const seed = wholeNumber("seed", 0);

/** A network whose result is drawn to the measurements at the end: splitting never predicts the centre of k-space, so nothing else would hold it. */
class Consistent extends nn.Module {
  constructor(network) {
    super();
    this.network = network;
  }

  forward(y, operator) {
    return operator.proxL2(this.network.forward(y, operator), y, 20);
  }
}

await init({ device: "cpu" });
const started = performance.now();
const imgSize = [2, SIZE, SIZE];
const masks = new physics.GaussianMaskGenerator({ imgSize, acceleration: 3 });
const data = new Rng(seed);
const uniform = () => data.uniform([]).itemSync();

// Every image is measured once, with a mask of its own, as in a hospital.
const training = Array.from({ length: TRAINING }, () => measured(phantom(uniform, SIZE)));
const slice = await readImage(fileURLToPath(new URL("../images/mr_slice.png", import.meta.url)), { channels: "grey" });
const heldBack = [{ name: "MR slice", ...measured(cat([slice, zeros(slice.shape)], 1)) }];
for (let i = 1; i <= HELD_BACK; i++) heldBack.push({ name: `phantom ${i}`, ...measured(phantom(uniform, SIZE)) });

const maskGenerator = new physics.GaussianSplittingMaskGenerator({ imgSize, splitRatio: 0.6 });
const splitting = train("splitting, no ground truth", new loss.SplittingLoss({ maskGenerator, evalSplitInput: false }));
const supervised = train("supervised", new loss.SupLoss());

const psnr = new metric.PSNR({ complexAbs: true, maxPixel: 1 });
const rows = { "zero-filled": [], splitting: [], supervised: [] };
const pictures = [];
for (const { x, y, mask } of heldBack) {
  const operator = operatorOf(mask);
  const images = noGrad(() => ({ "zero-filled": operator.AAdjoint(y), splitting: splitting.forward(y, operator), supervised: supervised.forward(y, operator) }));
  for (const [name, image] of Object.entries(images)) rows[name].push(psnr.forward(image, x).itemSync());
  pictures.push([...Object.values(images), x].map((image) => image.square().sum(1, true).sqrt()));
}

const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
console.log(`\nPSNR in dB, on images not trained on (one column in three, ${steps} steps, ${((performance.now() - started) / 1000).toFixed(0)} s)`);
console.log(["".padEnd(14), ...heldBack.map(({ name }) => name.padStart(10)), "mean".padStart(10)].join(" "));
for (const [name, list] of Object.entries(rows)) console.log([name.padEnd(14), ...[...list, mean(list)].map((v) => v.toFixed(2).padStart(10))].join(" "));

await mkdir(values.out, { recursive: true });
const picture = join(values.out, "before-after.png");
// One row an image: zero-filled, splitting, supervised, ground truth.
const enlarged = cat(pictures.slice(0, 3).map((row) => cat(row, 3)), 2);
await writeFile(picture, await encodePng(nn.functional.interpolate(enlarged, { scaleFactor: 3, mode: "nearest" })));
await writeFile(join(values.out, "results.json"), `${JSON.stringify({ steps, seed, names: heldBack.map(({ name }) => name), psnr: rows }, null, 2)}\n`);
console.log(`\n${picture}: zero-filled, splitting, supervised, ground truth`);

function measured(x) {
  const { mask } = masks.step(1, { rng: data });
  return { x, mask, y: operatorOf(mask).forward(x, { rng: data }) };
}

function operatorOf(mask) {
  return new physics.MRI({ mask, noiseModel: new physics.GaussianNoise({ sigma: SIGMA }) });
}

/** Trains a MoDL network from the same start; returns it in evaluation mode. */
function train(label, criterion) {
  const rng = new Rng(seed + 1);
  const denoiser = new nn.DnCNN({ inChannels: 2, outChannels: 2, depth: 4, nf: 16, rng });
  // The untrained denoiser changes nothing, so that a short training gets further.
  denoiser.outConv.weight.assign_(zeros(denoiser.outConv.weight.shape));
  const model = criterion.adaptModel(new Consistent(new nn.MoDL({ denoiser, numIter: 2 })));
  const weights = model.parameters();
  const optimizer = new optim.Adam(weights, { lr: 2e-3 });
  let running = 0;
  for (let step = 1; step <= steps; step++) {
    if (step === Math.ceil(steps * 0.75)) optimizer.learningRate = 5e-4;
    tidy(() => {
      const batch = Array.from({ length: BATCH }, () => training[rng.choice(TRAINING)]);
      const [x, y, mask] = ["x", "y", "mask"].map((key) => cat(batch.map((sample) => sample[key]), 0));
      const operator = operatorOf(mask);
      const xNet = model.forward(y, operator, { updateParameters: true, rng });
      const value = criterion.forward({ xNet, x, y, physics: operator, model, rng }).mean();
      optimizer.step(grad(value, weights, { allowUnused: true }));
      running += value.itemSync();
    });
    if (step % 50 === 0 || step === steps) {
      console.log(`${label}: step ${step} of ${steps}, mean loss ${(running / (step % 50 || 50)).toExponential(3)}`);
      running = 0;
    }
  }
  return model.eval();
}

function wholeNumber(name, least) {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= least) return value;
  console.error(`--${name} must be a whole number of at least ${least}`);
  process.exit(2);
}
