// One training of a task with adjoint: the same loop as in train_deepinv.py.
import { cat, grad, metric, noGrad, optim, Rng, tidy } from "adjoint";
import { Adversary } from "./adversary.mjs";
import { lossesOf, networkOf, operatorOf } from "./objects.mjs";

export const BATCH = 4;
export const LEARNING_RATE = 2e-3;

/** The images of a batch, and the operator with their parameters. */
function batchOf(tensors, indices, { task, operator }) {
  const take = (name) =>
    cat(
      indices.map((i) => tensors[name].slice([i], [i + 1])),
      0,
    );
  const parameters = Object.fromEntries((task.perSample ?? []).map((name) => [name, take(name)]));
  return { x: take("x"), y: take("y"), physics: task.perSample ? operator.withParameters(parameters) : operator };
}

/** The initial weights of a seed, by the names of the denoiser in the network. */
export function initialWeights(task, seed) {
  return networkOf(task, new Rng(seed)).denoiser.stateDict();
}

/**
 * Trains from the given weights, on the batches of `order`; the reconstructions of the test images, before and after,
 * the weights of the denoiser and the seconds of processor time that the training took.
 */
export function trainHere({ task, row, tensors, weights, discriminator, order, seed }) {
  const rng = new Rng(seed + 1000);
  const operator = operatorOf(task, tensors);
  const { model: bare, denoiser } = networkOf(task, new Rng(0));
  denoiser.loadStateDict(weights);
  const { losses, model } = lossesOf(row, bare, tensors);
  const parameters = bare.parameters();
  const optimizer = new optim.Adam(parameters, { lr: LEARNING_RATE });
  const schedule = new optim.CosineAnnealingLR(optimizer, { tMax: order.length });

  const adversary = row.adversary === undefined ? undefined : new Adversary(task, row.adversary, discriminator);

  const tested = { x: tensors.testX, y: tensors.testY, mask: tensors.testMask };
  const test = (network) => {
    network.eval();
    const all = Array.from({ length: tested.x.shape[0] }, (_, i) => i);
    return noGrad(() =>
      tidy(() => {
        const { y, physics } = batchOf(tested, all, { task, operator });
        return network.forward(y, physics, { rng });
      }),
    );
  };

  const before = test(bare);
  model.train();
  const start = process.cpuUsage();
  for (const indices of order) {
    tidy(() => {
      const { x, y, physics } = batchOf(tensors, indices, { task, operator });
      const xNet = model.forward(y, physics, { updateParameters: true, rng });
      const args = { xNet, x, y, physics, model, rng, ...adversary?.args };
      const total = losses.map(({ loss, weight }) => loss.forward(args).mean().mul(weight)).reduce((a, b) => a.add(b));
      optimizer.step(grad(total, parameters, { allowUnused: true }));
      adversary?.step(args);
    });
    schedule.step();
  }
  const { user, system } = process.cpuUsage(start);
  return { before, after: test(model), trained: denoiser.stateDict(), seconds: (user + system) / 1e6 };
}

/** PSNR and SSIM of reconstructions, averaged over the images. */
export async function quality(task, xNet, x) {
  const complexAbs = task.complex === true;
  const mean = async (each) => await each.forward(xNet, x).mean().item();
  return { psnr: await mean(new metric.PSNR({ complexAbs })), ssim: await mean(new metric.SSIM({ complexAbs })) };
}
