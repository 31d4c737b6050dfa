import { data, init, io, loss, metric, nn, optim, physics, Rng, type Tensor, train } from "adjoint";
import type { Message, Picture } from "./messages.js";

const send = (message: Message): void => self.postMessage(message);

async function picture(image: Tensor): Promise<Picture> {
  const [height = 0, width = 0] = image.shape.slice(2);
  return { width, height, values: await image.clamp(0, 1).data() };
}

async function main(): Promise<void> {
  await init(); // { device: "auto" } takes a GPU where there is one.
  const rng = new Rng(0);
  const camera = new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) });
  const address = new URL(`${import.meta.env.BASE_URL}camera.png`, self.location.href).href;
  const x = await io.readImage(address, { channels: "grey" });
  const y = camera.forward(x, { rng });

  const model = new nn.DnCNN({ inChannels: 1, outChannels: 1, depth: 5, nf: 16, rng: rng.fork() });
  nn.startAtIdentity(model);
  const noisy = new data.TensorDataset({ y });
  const trainer = new train.Trainer({
    model,
    physics: camera,
    losses: new loss.SureGaussianLoss({ sigma: 0.1 }),
    optimizer: new optim.Adam(model.parameters(), { lr: 2e-3 }),
    trainData: new data.PatchDataset({ dataset: noisy, size: 40, length: 800 }),
    batchSize: 8,
    rng,
    onProgress: ({ step, steps }) => send({ type: "step", step, steps }),
  });
  await trainer.train();

  const cleaned = trainer.model.forward(y, camera);
  const psnr = new metric.PSNR({ reduction: "mean" });
  const gain = (await psnr.forward(cleaned, x).item()) - (await psnr.forward(y, x).item());
  send({ type: "done", noisy: await picture(y), cleaned: await picture(cleaned), gain });
}

main().catch((error: unknown) => send({ type: "failed", text: String(error) }));
