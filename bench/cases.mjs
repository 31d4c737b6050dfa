// The timed cases, as a user would write them: trainings, and those of physics, of single operators and of programs.
import { arange, grad, loss, nn, noGrad, ones, physics, Rng, tensor, tidy, transform } from "../dist/index.js";
import { dncnnLayers, unetLayers } from "./networks.mjs";
import { operatorCases } from "./operator-cases.mjs";
import { physicsCases } from "./physics-cases.mjs";
import { programCases } from "./program-cases.mjs";
import { denoising, images, sigma, training } from "./steps.mjs";
import { evaluated, times, total, trained } from "./work.mjs";

function supervised(makeModel, shape) {
  const rng = new Rng(0);
  const [model, operator, criterion] = [makeModel(rng), denoising(), new loss.SupLoss()];
  const { x, y } = images(rng, shape, operator);
  return training(model, () => criterion.forward({ xNet: model.forward(y, operator), x }).mean());
}

/** A DnCNN whose layers are in groups, each within a checkpoint. */
function checkpointed(net, size) {
  const layers = [net.inConv, ...net.convList];
  const groups = Array.from({ length: Math.ceil(layers.length / size) }, (_, k) =>
    layers.slice(k * size, (k + 1) * size),
  );
  const apply = (group, x) => group.reduce((given, layer) => layer.forward(given).relu(), x);
  const hidden = (y) => groups.reduce((x, group) => nn.checkpoint(() => apply(group, x)), y);
  return { parameters: () => net.parameters(), forward: (y) => net.outConv.forward(hidden(y)).add(y) };
}

/** The convolutions of the DnCNN 7 x 32 on its batch. */
const small7 = dncnnLayers(7, 32, [8, 1, 48, 48]);
const dncnn = (depth, nf) => (rng) => new nn.DnCNN({ inChannels: 1, outChannels: 1, depth, nf, rng });

/**
 * The cases by name: label, steps per round, and a function that prepares the step; with `small` images where
 * `npm run gpu-check` times them on a device in software; `work` as work.mjs counts it.
 */
export const cases = {
  dncnn: {
    label: "training step, DnCNN 17 x 64, batch 4 of 1x64x64",
    steps: 2,
    work: trained(dncnnLayers(17, 64, [4, 1, 64, 64])),
    make: () => supervised(dncnn(17, 64), [4, 1, 64, 64]),
  },
  small: {
    label: "training step, DnCNN 7 x 32, batch 8 of 1x48x48",
    steps: 5,
    work: trained(small7),
    make: () => supervised(dncnn(7, 32), [8, 1, 48, 48]),
  },
  unet: {
    label: "training step, U-Net 64-128-256 with batch norm, batch 4 of 1x64x64",
    steps: 2,
    work: trained(unetLayers([4, 1, 64, 64])),
    make(small) {
      const [batch, side] = small ? [1, 16] : [4, 64];
      return supervised((rng) => new nn.UNet({ scales: 3, rng }), [batch, 1, side, side]);
    },
  },
  checkpointed: {
    label: "training step, DnCNN 17 x 64, 1x256x256, with nn.checkpoint around every four layers",
    steps: 1,
    work: trained(dncnnLayers(17, 64, [1, 1, 256, 256])),
    make(small) {
      const side = small ? 16 : 256;
      return supervised((rng) => checkpointed(dncnn(17, 64)(rng), 4), [1, 1, side, side]);
    },
  },
  inference: {
    label: "inference, DnCNN 17 x 64, 1x256x256",
    steps: 1,
    work: evaluated(dncnnLayers(17, 64, [1, 1, 256, 256])),
    make() {
      const rng = new Rng(0);
      const [model, operator] = [dncnn(17, 64)(rng), denoising()];
      const { y } = images(rng, [1, 1, 256, 256], operator);
      return () => noGrad(() => model.forward(y, operator));
    },
  },
  sure: {
    label: "SURE step, DnCNN 7 x 32, batch 8 of 1x48x48",
    steps: 3,
    work: times(2, trained(small7)),
    make(small) {
      const rng = new Rng(0);
      const [model, operator, criterion] = [dncnn(7, 32)(rng), denoising(), new loss.SureGaussianLoss({ sigma })];
      const { y } = images(rng, small ? [1, 1, 16, 16] : [8, 1, 48, 48], operator);
      return training(model, () =>
        criterion.forward({ y, xNet: model.forward(y, operator), physics: operator, model, rng }).mean(),
      );
    },
  },
  equivariant: {
    label:
      "equivariant-imaging step (measurement consistency and EI with rotations, inpainting), " +
      "DnCNN 7 x 32, batch 8 of 1x48x48",
    steps: 3,
    work: total(trained(small7), trained(small7, true)),
    make(small) {
      const rng = new Rng(0);
      const [count, side] = small ? [1, 16] : [8, 48];
      const model = dncnn(7, 32)(rng);
      const operator = new physics.Inpainting({ imgSize: [1, side, side], mask: 0.7, rng });
      const [consistency, equivariance] = [
        new loss.MCLoss(),
        new loss.EILoss({ transform: new transform.Rotate({ nTrans: 1 }) }),
      ];
      const { y } = images(rng, [count, 1, side, side], operator);
      return training(model, () => {
        const args = { xNet: model.forward(y, operator), y, physics: operator, model, rng };
        return consistency.forward(args).add(equivariance.forward(args)).mean();
      });
    },
  },
  spectral: {
    label: "spectral norm of the Jacobian (5 iterations) and its gradient, DnCNN 7 x 32, 2 of 1x32x32",
    steps: 1,
    // A forward pass; J^T w, 5 products J u and 4 J^T v, each as long; gradients of the nine in images and weights.
    work: times(29, evaluated(dncnnLayers(7, 32, [2, 1, 32, 32]))),
    make() {
      const rng = new Rng(0);
      const [model, operator] = [dncnn(7, 32)(rng), denoising()];
      const criterion = new loss.JacobianSpectralNorm({ maxIter: 5, tol: 0 });
      const { y } = images(rng, [2, 1, 32, 32], operator);
      return training(model, () => criterion.forward({ y, physics: operator, model, rng }).mean());
    },
  },
  ...programCases,
  ...physicsCases,
  ...operatorCases,
  operators: {
    label: "1,000 operators on one number, and their gradient",
    steps: 5,
    make() {
      const x = tensor([1.0]).requiresGrad_();
      const one = tensor([1e-3]);
      return () => {
        let value = x;
        for (let i = 0; i < 500; i++) value = value.mul(x).add(one);
        return grad(value.sum(), [x])[0];
      };
    },
  },
  eager: {
    label: "1,000 operators on one number, off the tape",
    steps: 20,
    make() {
      const [a, b] = [arange(1), ones([1])];
      return () => {
        let value = a;
        for (let i = 0; i < 1000; i++) value = value.add(b);
        return value;
      };
    },
  },
};

const ready = new Map();

/**
 * Runs steps of a case and returns their seconds. The first call prepares the case. `NAME:small` is a case with small
 * images, for devices in software.
 */
export async function time(name, steps) {
  const [base, size] = name.split(":");
  if (!ready.has(name)) ready.set(name, cases[base].make(size === "small"));
  const step = ready.get(name);
  const started = performance.now();
  for (let i = 0; i < steps; i++) {
    const value = tidy(step);
    // Reading back waits for the work, on every device.
    if (i === steps - 1) await value.data();
    value.dispose();
  }
  return (performance.now() - started) / 1000;
}
