// What a long training does to a machine, with the compiled package:
//
//   npm run soak                        10,000 steps of each trainer, then 25 kills
//   npm run soak -- --steps 1000        fewer steps
//   npm run soak -- --kills 100         more kills
//   npm run soak -- --seed 7            the same moments of the kills again; a fresh seed is printed
//
// Memory and open files must be after the last step what they were after the first tenth; a killed training must end
// with the bits of an uninterrupted one. Exit code 1 where they are not. Full disks, folders that cannot be written,
// clocks that are set back and signals are in test/durability.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isMain, main, say } from "./common.mjs";
import { killTraining } from "./soak/kills.mjs";

/** Bytes by which the memory of the process may grow: the history, and what V8 has not collected yet. */
const SLACK = 48 << 20;

/** Open files and sockets of this process; 0 where the system does not tell. */
function handles() {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    return 0;
  }
}

/** What is measured after a step, once what was forgotten is freed. */
async function measure({ memory }) {
  for (let i = 0; i < 3; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { tensors, bytes } = memory();
  return { tensors, bytes, handles: handles(), resident: process.memoryUsage.rss() };
}

/** Trains `steps` steps; the measures after a tenth of them, and after all. */
async function soak(lib, makeTrainer, steps, folder) {
  const found = new Map();
  const early = Math.ceil(steps / 10);
  const onProgress = async ({ step }) => {
    if (step === early || step === steps) found.set(step, await measure(lib));
  };
  const trainer = makeTrainer(lib, { folder, onProgress, steps });
  const started = performance.now();
  await trainer.train();
  trainer.dispose();
  return { early: found.get(early), late: found.get(steps), seconds: (performance.now() - started) / 1000 };
}

/** Options that both trainers have: everything that writes, evaluates or keeps weights. */
function options({ data, loss, metric, nn, optim, physics, Rng, train }, { folder, onProgress, steps }) {
  const rng = new Rng(0);
  const model = new nn.DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 2, rng: rng.fork() });
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-4 });
  const images = new data.TensorDataset({ x: rng.fork().uniform([8, 1, 8, 8]) });
  return {
    model,
    optimizer,
    physics: new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) }),
    losses: new loss.R2RLoss(),
    schedule: new optim.StepLR(optimizer, { stepSize: 100, gamma: 0.99 }),
    epochs: steps,
    maxSteps: steps,
    trainData: images,
    batchSize: 4,
    gradClip: 1,
    ema: { decay: 0.9 },
    evalData: images,
    evalEvery: { steps: Math.ceil(steps / 20) },
    metrics: [new metric.PSNR()],
    best: { path: join(folder, "best.safetensors") },
    loggers: [
      new train.JsonLogger({ path: join(folder, "log.jsonl") }),
      new train.TensorBoardLogger({ folder: join(folder, "tensorboard") }),
    ],
    checkpoint: { path: join(folder, "checkpoint.safetensors"), every: Math.ceil(steps / 50) },
    historyPath: join(folder, "history.jsonl"),
    onProgress,
    readEvery: Math.max(1, Math.floor(steps / 1000)),
    rng,
  };
}

const trainers = {
  Trainer: (lib, context) => new lib.train.Trainer(options(lib, context)),
  "Trainer, measurements redrawn": (lib, context) => new lib.train.Trainer({ ...options(lib, context), redraw: true }),
  AdversarialTrainer: (lib, context) => {
    const D = new lib.nn.PatchGANDiscriminator({ inputNc: 1, ndf: 2, nLayers: 1 });
    return new lib.train.AdversarialTrainer({
      ...options(lib, context),
      losses: new lib.loss.adversarial.UnsupAdversarialGeneratorLoss({}),
      D,
      lossesD: new lib.loss.adversarial.UnsupAdversarialDiscriminatorLoss({}),
      optimizerD: new lib.optim.Adam(D.parameters(), { lr: 1e-4 }),
    });
  },
};

/** What grew, as a sentence; undefined where nothing did. */
function growth({ early, late }) {
  const grown = ["tensors", "bytes", "handles"].filter((name) => late[name] > early[name]);
  if (late.resident > early.resident + SLACK) grown.push("resident");
  return grown.length === 0 ? undefined : grown.map((name) => `${name} ${early[name]} -> ${late[name]}`).join(", ");
}

const mebibytes = (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`;

if (isMain(import.meta.url)) {
  await main(async () => {
    const option = (name, standard) => {
      const at = process.argv.indexOf(`--${name}`);
      return at < 0 ? standard : Number(process.argv[at + 1]);
    };
    const [steps, kills] = [option("steps", 10_000), option("kills", 25)];
    const seed = option("seed", Math.floor(Math.random() * 2 ** 32));
    const lib = await import("../dist/node.js");
    await lib.init({ device: "cpu" });
    const folder = mkdtempSync(join(tmpdir(), "adjoint-soak-"));
    try {
      for (const [name, make] of Object.entries(trainers)) {
        const result = await soak(lib, make, steps, join(folder, name.replaceAll(/\W+/g, "-")));
        const { early, late, seconds } = result;
        const grown = growth(result);
        say(
          `${name}: ${steps} steps in ${seconds.toFixed(0)} s; ${late.tensors} tensors of ${late.bytes} bytes, ` +
            `${late.handles} open files, ${mebibytes(early.resident)} -> ${mebibytes(late.resident)} in all` +
            (grown === undefined ? "; flat" : `; GREW: ${grown}`),
        );
        if (grown !== undefined) process.exitCode = 1;
      }
      if (kills === 0) return;
      say(`${kills} kills, seed ${seed}`);
      const { whole, killed, resumedAt } = await killTraining({ folder, kills, seed, steps: 4 * kills });
      const same = JSON.stringify(whole) === JSON.stringify(killed);
      say(
        same
          ? `resumed at ${resumedAt.join(", ")}; it ended with the bits of an uninterrupted training`
          : `a training killed at ${resumedAt.join(", ")} did not end with the bits of an uninterrupted one`,
      );
      if (!same) process.exitCode = 1;
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
