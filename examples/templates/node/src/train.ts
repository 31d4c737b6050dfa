import { data, init, io, loss, metric, nn, optim, physics, Rng, train } from "adjoint";

const steps = Number(process.argv[2] ?? 200);

await init();
const rng = new Rng(0);

// What the instrument does. Another noise or operator goes here; the compiler then says which losses fit.
const camera = new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) });

// Each photograph has one noisy copy. Photographs that are noisy already: new data.MeasuredDataset is not needed then.
const photographs = await data.ImageFolder.open({ path: "images", channels: "grey" });
const noisy = new data.MeasuredDataset({ dataset: photographs, physics: camera, seed: 1 });

const model = new nn.DnCNN({ inChannels: 1, outChannels: 1, depth: 5, nf: 24, rng: rng.fork() });
nn.startAtIdentity(model);

const trainer = new train.Trainer({
  model,
  physics: camera,
  losses: new loss.SureGaussianLoss({ sigma: 0.1 }),
  optimizer: new optim.Adam(model.parameters(), { lr: 2e-3 }),
  trainData: new data.PatchDataset({ dataset: noisy, size: 40, length: steps * 8 }),
  batchSize: 8,
  rng,
  onProgress: ({ step, steps, loss }) => console.log(`step ${step} of ${steps}: loss ${loss.toFixed(5)}`),
});
await trainer.train();

const truth = (await photographs.get(0)).x;
if (!truth) throw new Error("images/ has no picture.");
const x = truth.unsqueeze(0);
const measured = camera.forward(x, { rng });
const cleaned = trainer.model.forward(measured, camera);
const psnr = new metric.PSNR({ reduction: "mean" });
console.log(`noisy ${(await psnr.forward(measured, x).item()).toFixed(2)} dB`);
console.log(`cleaned ${(await psnr.forward(cleaned, x).item()).toFixed(2)} dB`);
await io.writeImage("results/noisy.png", measured.clamp(0, 1));
await io.writeImage("results/cleaned.png", cleaned.clamp(0, 1));
await io.writeSafetensors("results/weights.safetensors", model.stateDict());
