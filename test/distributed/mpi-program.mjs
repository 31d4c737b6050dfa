// What the ranks of test/distributed/mpi.test.ts run: node mpi-program.mjs <folder of the compiled package> <mode> [argument]
import { createHash } from "node:crypto";
import { writeFileSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const [, , folder, mode, argument = ""] = process.argv;
const { data, distributed, init, loss, nn, optim, physics, Rng, train } = await import(
  pathToFileURL(`${folder}/node.js`).href
);
await init();
const group = await distributed.mpi({ ...(mode === "hang" ? { timeout: 1 } : {}), overlap: mode === "large" });
const tell = (value) => process.stdout.write(`${JSON.stringify({ rank: group.rank, ...value })}\n`);

/** A training with everything that draws; `at` is called after each step that is read. */
async function training(at, checkpoint, size = { depth: 3, nf: 4 }) {
  const rng = new Rng(group.rank);
  const model = new nn.DnCNN({ inChannels: 1, outChannels: 1, ...size, rng: rng.fork() });
  const trainer = new train.Trainer({
    model,
    optimizer: new optim.Adam(model.parameters(), { lr: 1e-2 }),
    physics: new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) }),
    losses: new loss.SureGaussianLoss({ sigma: 0.1 }),
    trainData: new data.TensorDataset({ x: new Rng(42).uniform([11, 1, 8, 8]) }),
    redraw: true,
    accumulate: 4,
    epochs: 100,
    maxSteps: 20,
    readEvery: 1,
    group,
    rng,
    ...(checkpoint ? { checkpoint: { path: checkpoint, every: 1 } } : {}),
    loggers: [{ scalars: () => {} }],
  });
  if (mode === "resume") await trainer.resume(checkpoint);
  // Callbacks run on rank 0 alone; a sample is read on each.
  const get = data.TensorDataset.prototype.get;
  data.TensorDataset.prototype.get = function (...args) {
    at(trainer.step);
    return get.apply(this, args);
  };
  await trainer.train();
  const hash = createHash("sha256");
  for (const value of Object.values(trainer.lastWeights())) {
    const { buffer, byteOffset, byteLength } = value.dataSync();
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  tell({ step: trainer.step, hash: hash.digest("hex") });
}

/** A training of which a rank fails in the sixth step; says when. */
async function failing(fail, rank = 1) {
  await training((step) => {
    if (group.rank !== rank || step !== 5) return;
    writeSync(1, `failing at ${Date.now()}\n`);
    fail();
  }, argument);
}

const modes = {
  async collectives() {
    for (const length of [0, 1, 7, 1_000_003]) {
      const values = Float32Array.from({ length }, (_, i) => (group.rank + 1) * (i % 11));
      await group.allReduce(values);
      const all = (group.size * (group.size + 1)) / 2;
      if (!values.every((value, i) => value === all * (i % 11))) throw new Error(`wrong sum of ${length}`);
    }
    const bytes = new Uint8Array(3_000_001).fill(7);
    const broadcast = await group.broadcast(group.rank === 0 ? bytes : new Uint8Array(0));
    const gathered = await group.allGather(new Uint8Array(group.rank));
    await group.barrier();
    tell({
      size: group.size,
      broadcast: broadcast.length,
      last: broadcast.at(-1),
      gathered: gathered.map((b) => b.length),
    });
  },
  train: () => training(() => {}, argument),
  // Gradients of several parts, which cross the network during the backward pass.
  large: () => training(() => {}, argument, { depth: 8, nf: 64 }),
  resume: () => training(() => {}, argument),
  kill: () => failing(() => process.kill(process.pid, "SIGKILL")),
  throw: () =>
    failing(() => {
      throw new Error("the film is torn");
    }),
  // Fills the disk of the checkpoint.
  full: () =>
    failing(() => {
      try {
        for (let i = 0; ; i++) writeFileSync(join(dirname(argument), `filler${i}`), new Uint8Array(4096));
      } catch (error) {
        if (error.code !== "ENOSPC") throw error;
      }
    }, 0),
  hang: () =>
    failing(() => {
      for (;;);
    }),
};
await modes[mode]();
