// A baseline without a network: total variation, solved for each test image.
import { noGrad, optim, Rng, tidy, grad } from "adjoint";
import { networkOf, operatorOf } from "./objects.mjs";
import { quality } from "./train.mjs";

const STEPS = 300;
const IMAGES = 8;
const SMOOTHING = 1e-6;

/** `sum of |gradient| / n`, smoothed where the gradient is 0. */
function totalVariation(x) {
  const [down, right] = [2, 3].map((dim) => x.roll(-1, dim).sub(x).square());
  return down.add(right).add(SMOOTHING).sqrt().mean();
}

/** Minimises `|A x - y|^2 / m + weight TV(x)` from `start`, by Adam. */
function solve({ operator, y, start, weight }) {
  const x = start.clone().detach().requiresGrad_();
  const optimizer = new optim.Adam([x], { lr: 0.02 });
  const schedule = new optim.CosineAnnealingLR(optimizer, { tMax: STEPS });
  for (let step = 0; step < STEPS; step++) {
    tidy(() => {
      const misfit = operator.A(x).sub(y).square().mean();
      optimizer.step(grad(misfit.add(totalVariation(x).mul(weight)), [x]));
    });
    schedule.step();
  }
  return x.detach();
}

/**
 * Reconstructs the test images; the weight, of those of the row, is the one that is best for some training images with
 * ground truth.
 */
export async function solveHere({ task, row, tensors }) {
  const operator = operatorOf(task, tensors);
  const { model } = networkOf(task, new Rng(0));
  const first = (y) => noGrad(() => model.forward(y, operator));
  const learnt = { x: tensors.x.slice([0], [IMAGES]), y: tensors.y.slice([0], [IMAGES]) };
  let best = { psnr: Number.NEGATIVE_INFINITY };
  for (const weight of row.variational.weights) {
    const { psnr } = await quality(task, solve({ operator, y: learnt.y, start: first(learnt.y), weight }), learnt.x);
    if (psnr > best.psnr) best = { psnr, weight };
  }
  const before = first(tensors.testY);
  const begun = process.cpuUsage();
  const after = solve({ operator, y: tensors.testY, start: before, weight: best.weight });
  const { user, system } = process.cpuUsage(begun);
  return { before, after, trained: {}, seconds: (user + system) / 1e6 };
}
