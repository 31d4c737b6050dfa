// What decoding images costs a training step and an evaluation: node bench/decoding.mjs [--side N] [--rounds N]
import { mkdtemp, mkdir, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { data, init, io, loss, metric, nn, optim, physics, Rng, train } from "../dist/node.js";
import { markdown, milliseconds } from "./report.mjs";

const IMAGES = 16;
const BATCH = 8;
const STEPS = 12;

const { values } = parseArgs({
  options: { side: { type: "string", default: "512" }, rounds: { type: "string", default: "3" } },
});
const side = Number(values.side);
await init();
const folder = await mkdtemp(join(tmpdir(), "adjoint-decoding-"));
const noise = new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) });
const network = () => new nn.DnCNN({ inChannels: 1, outChannels: 1, depth: 7, nf: 32, rng: new Rng(0) });

/** Seconds of wall time. */
async function timed(work) {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

/** A step of training on patches of 64 x 64, without threads that read ahead or with them. */
async function step(images, workers) {
  const model = network();
  const trainer = new train.Trainer({
    model,
    optimizer: new optim.Adam(model.parameters(), { lr: 1e-4 }),
    physics: noise,
    losses: new loss.SupLoss(),
    trainData: new data.DataLoader({
      dataset: new data.PatchDataset({ dataset: images, size: 64, length: STEPS * BATCH }),
      batchSize: BATCH,
      shuffle: true,
      rng: new Rng(1),
      workers,
    }),
    redraw: true,
    rng: new Rng(0),
  });
  return (await timed(() => trainer.train())) / STEPS;
}

/** An evaluation, for each image. */
async function evaluation(images, workers) {
  const model = new nn.ArtifactRemoval({ backboneNet: network() });
  const loader = new data.DataLoader({ dataset: images, workers });
  const options = { model, physics: noise, data: loader, metrics: [new metric.PSNR()], rng: new Rng(0) };
  return (await timed(() => train.evaluate(options))) / IMAGES;
}

try {
  for (const ending of ["png", "tif"]) {
    await mkdir(join(folder, ending));
    for (let i = 0; i < IMAGES; i++)
      await io.writeImage(join(folder, ending, `${i}.${ending}`), new Rng(i).uniform([1, side, side]));
  }
  const rows = [];
  for (const ending of ["png", "tif"]) {
    const open = async (cacheBytes) => await data.ImageFolder.open({ path: join(folder, ending), cacheBytes });
    const [kept, decoded] = [await open(2 ** 30), await open(0)];
    for (let i = 0; i < IMAGES; i++) await kept.pixels(i);
    const best = {
      decoding: Infinity,
      kept: Infinity,
      decoded: Infinity,
      ahead: Infinity,
      warm: Infinity,
      cold: Infinity,
      coldAhead: Infinity,
    };
    const note = (name, seconds) => (best[name] = Math.min(best[name], seconds));
    for (let round = 0; round < Number(values.rounds); round++) {
      note("decoding", await timed(() => decoded.pixels(round % IMAGES)));
      note("kept", await step(kept, 0));
      note("decoded", await step(decoded, 0));
      note("ahead", await step(decoded, 1));
      note("warm", await evaluation(kept, 0));
      note("cold", await evaluation(decoded, 0));
      note("coldAhead", await evaluation(decoded, 1));
    }
    const cells = Object.values(best).map(milliseconds);
    rows.push([ending, ...cells]);
  }
  const head = [
    "file",
    "decoding one",
    `step on ${BATCH} patches, images kept`,
    "decoded",
    "decoded ahead",
    "evaluating one, kept",
    "decoded",
    "decoded ahead",
  ];
  process.stdout.write(`${IMAGES} images of ${side} x ${side}, load ${loadavg()[0].toFixed(1)}\n\n`);
  process.stdout.write(`${markdown(head, rows)}\n`);
} finally {
  await rm(folder, { recursive: true });
}
