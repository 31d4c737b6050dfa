// A training whose steps ranks share: DnCNN 17 x 64 on images of 64 x 64, one in each batch.
import { data, loss, nn, optim, physics, Rng, train } from "../dist/index.js";

/** Seconds of each of some steps of `batches` images, after two that do not count. */
export async function stepSeconds(group, { batches, steps }) {
  const rng = new Rng(0);
  const model = new nn.DnCNN({ inChannels: 1, outChannels: 1, depth: 17, nf: 64, rng: rng.fork() });
  const seconds = [];
  let last = performance.now();
  const trainer = new train.Trainer({
    model,
    optimizer: new optim.Adam(model.parameters(), { lr: 1e-4 }),
    physics: new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) }),
    losses: new loss.SupLoss(),
    trainData: new data.TensorDataset({ x: new Rng(1).uniform([batches, 1, 64, 64]) }),
    accumulate: batches,
    epochs: steps + 2,
    readEvery: 1,
    onProgress: () => {
      const now = performance.now();
      seconds.push((now - last) / 1000);
      last = now;
    },
    group,
    rng,
  });
  await trainer.train();
  return seconds.slice(2);
}
