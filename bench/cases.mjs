// The timed cases, as a user would write them. Each is a function that does one step and returns a tensor to wait for.
import {
  arange,
  grad,
  loss,
  metric,
  nn,
  noGrad,
  ones,
  optim,
  physics,
  Rng,
  tensor,
  tidy,
  transform,
} from "../dist/index.js";
import { operatorCases } from "./operator-cases.mjs";

/** A training step: loss of a batch, gradients of all weights, one Adam update. */
function training(model, batch, criterion) {
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-4 });
  return () => {
    const value = criterion(batch).mean();
    // A Jacobian does not depend on the last bias.
    const gradients = grad(value, model.parameters(), { allowUnused: true });
    noGrad(() => optimizer.step(gradients));
    return value.detach();
  };
}

const sigma = 0.1;
const denoising = () => new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma }) });

/** A batch of noisy images and their originals. */
function images(rng, shape, operator) {
  const x = rng.uniform(shape);
  return { x, y: operator.forward(x, { rng }) };
}

function supervised(makeModel, shape) {
  const rng = new Rng(0);
  const [model, operator, criterion] = [makeModel(rng), denoising(), new loss.SupLoss()];
  const batch = images(rng, shape, operator);
  return training(model, batch, ({ x, y }) => criterion.forward({ xNet: model.forward(y, operator), x }));
}

/** The gradient of a squared norm. */
function squared(images, f) {
  const x = images.requiresGrad_();
  return () => grad(f(x).square().sum(), [x])[0];
}

/** Adds noise to images. */
function noise(model) {
  const rng = new Rng(0);
  const x = rng.uniform([4, 3, 256, 256]);
  return () => noGrad(() => model.forward(x, { rng }));
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

const dncnn = (depth, nf) => (rng) => new nn.DnCNN({ inChannels: 1, outChannels: 1, depth, nf, rng });

/**
 * The cases by name: label, steps per round, and a function that prepares the step; with `small` images where
 * `npm run gpu-check` times them on a device in software.
 */
export const cases = {
  dncnn: {
    label: "training step, DnCNN 17 x 64, batch 4 of 1x64x64",
    steps: 2,
    make: () => supervised(dncnn(17, 64), [4, 1, 64, 64]),
  },
  small: {
    label: "training step, DnCNN 7 x 32, batch 8 of 1x48x48",
    steps: 5,
    make: () => supervised(dncnn(7, 32), [8, 1, 48, 48]),
  },
  unet: {
    label: "training step, U-Net 64-128-256 with batch norm, batch 4 of 1x64x64",
    steps: 2,
    make(small) {
      const [batch, side] = small ? [1, 16] : [4, 64];
      return supervised((rng) => new nn.UNet({ scales: 3, rng }), [batch, 1, side, side]);
    },
  },
  checkpointed: {
    label: "training step, DnCNN 17 x 64, 1x256x256, with nn.checkpoint around every four layers",
    steps: 1,
    make(small) {
      const side = small ? 16 : 256;
      return supervised((rng) => checkpointed(dncnn(17, 64)(rng), 4), [1, 1, side, side]);
    },
  },
  inference: {
    label: "inference, DnCNN 17 x 64, 1x256x256",
    steps: 1,
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
    make(small) {
      const rng = new Rng(0);
      const [model, operator, criterion] = [dncnn(7, 32)(rng), denoising(), new loss.SureGaussianLoss({ sigma })];
      const batch = images(rng, small ? [1, 1, 16, 16] : [8, 1, 48, 48], operator);
      return training(model, batch, ({ y }) =>
        criterion.forward({ y, xNet: model.forward(y, operator), physics: operator, model, rng }),
      );
    },
  },
  equivariant: {
    label:
      "equivariant-imaging step (measurement consistency and EI with rotations, inpainting), " +
      "DnCNN 7 x 32, batch 8 of 1x48x48",
    steps: 3,
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
      return training(model, { y }, (batch) => {
        const xNet = model.forward(batch.y, operator);
        const args = { xNet, y: batch.y, physics: operator, model, rng };
        return consistency.forward(args).add(equivariance.forward(args));
      });
    },
  },
  spectral: {
    label: "spectral norm of the Jacobian (5 iterations) and its gradient, DnCNN 7 x 32, 2 of 1x32x32",
    steps: 1,
    make() {
      const rng = new Rng(0);
      const [model, operator] = [dncnn(7, 32)(rng), denoising()];
      const criterion = new loss.JacobianSpectralNorm({ maxIter: 5, tol: 0 });
      const batch = images(rng, [2, 1, 32, 32], operator);
      return training(model, batch, ({ y }) => criterion.forward({ y, physics: operator, model, rng }));
    },
  },
  blur: {
    label: "squared error of an FFT blur and its gradient, 4 of 3x256x256",
    steps: 2,
    make(small) {
      const rng = new Rng(0);
      const side = small ? 32 : 256;
      const operator = new physics.BlurFFT({ imgSize: [3, side, side], filter: ones([1, 1, 9, 9]).mul(1 / 81) });
      const x = rng.uniform([4, 3, side, side]).requiresGrad_();
      const y = noGrad(() => operator.A(x));
      return () => grad(operator.A(x).sub(y.mul(0.5)).square().sum(), [x])[0];
    },
  },
  mri: {
    label: "squared norm of a single-coil MRI measurement and its gradient, 4 of 2x320x320",
    steps: 4,
    make(small) {
      const rng = new Rng(0);
      const side = small ? 32 : 320;
      const operator = new physics.MRI({ imgSize: [2, side, side], mask: rng.bernoulli([1, 2, side, side], 0.3) });
      return squared(rng.uniform([4, 2, side, side]), (x) => operator.A(x));
    },
  },
  tomography: {
    label: "squared norm of a sinogram of 180 angles and its gradient, 1x256x256",
    steps: 2,
    make(small) {
      const side = small ? 24 : 256;
      const operator = new physics.Tomography({ angles: 180, imgWidth: side, normalize: false });
      return squared(new Rng(0).uniform([1, 1, side, side]), (x) => operator.A(x));
    },
  },
  gridSample: {
    label: "squared norm of images rotated by 20 degrees (bilinear) and its gradient, 4 of 3x256x256",
    steps: 2,
    make() {
      const [cos, sin] = [Math.cos(Math.PI / 9), Math.sin(Math.PI / 9)];
      const coordinate = (i) => (2 * i + 1) / 256 - 1;
      const points = Float32Array.from({ length: 256 * 256 * 2 }, (_, i) => {
        const [row, column] = [coordinate(Math.floor(i / 512)), coordinate(Math.floor(i / 2) % 256)];
        return i % 2 === 0 ? cos * column - sin * row : sin * column + cos * row;
      });
      const grid = tensor(points, { shape: [1, 256, 256, 2] }).expand([4, 256, 256, 2]);
      return squared(new Rng(0).uniform([4, 3, 256, 256]), (x) => nn.functional.gridSample(x, grid));
    },
  },
  resize: {
    label: "squared norm of images upsampled by 2 (bicubic) and its gradient, 4 of 3x128x128",
    steps: 4,
    make: () =>
      squared(new Rng(0).uniform([4, 3, 128, 128]), (x) =>
        nn.functional.interpolate(x, { scaleFactor: 2, mode: "bicubic" }),
      ),
  },
  convolution: {
    label: "squared norm of images blurred by a 9x9 filter (circular, not by FFT) and its gradient, 4 of 3x256x256",
    steps: 4,
    make() {
      const rng = new Rng(0);
      const operator = new physics.Blur({ filter: rng.uniform([1, 1, 9, 9]).mul(1 / 40), padding: "circular" });
      return squared(rng.uniform([4, 3, 256, 256]), (x) => operator.A(x));
    },
  },
  downsampling: {
    label: "squared norm of images downsampled by 2 (Gaussian filter) and its gradient, 4 of 3x256x256",
    steps: 4,
    make() {
      const operator = new physics.Downsampling({ imgSize: [3, 256, 256], factor: 2, filter: "gaussian" });
      return squared(new Rng(0).uniform([4, 3, 256, 256]), (x) => operator.A(x));
    },
  },
  strided: {
    label: "squared norm of a convolution 4x4 with stride 2, 64 to 128 channels, and all gradients, 8 of 64x32x32",
    steps: 2,
    make() {
      const rng = new Rng(0);
      const [x, weight] = [rng.normal([8, 64, 32, 32]), rng.normal([128, 64, 4, 4])].map((t) => t.requiresGrad_());
      return () => {
        const [gx, gw] = grad(nn.functional.conv2d(x, weight, { stride: 2, padding: 1 }).square().sum(), [x, weight]);
        gx.dispose();
        return gw;
      };
    },
  },
  ssim: {
    label: "SSIM and its gradient, 4 of 3x256x256",
    steps: 1,
    make() {
      const rng = new Rng(0);
      const [criterion, x, y] = [
        new metric.SSIM(),
        rng.uniform([4, 3, 256, 256]).requiresGrad_(),
        rng.uniform([4, 3, 256, 256]),
      ];
      return () => grad(criterion.forward(x, y).sum(), [x])[0];
    },
  },
  rotate: {
    label: "images rotated by random angles (nearest), 4 of 3x256x256",
    steps: 10,
    make() {
      const rng = new Rng(0);
      const [rotate, x] = [new transform.Rotate({ nTrans: 1 }), rng.uniform([4, 3, 256, 256])];
      // An angle of 0 returns the images themselves, which must not be disposed.
      return () => noGrad(() => rotate.forward(x, { rng }).clone());
    },
  },
  gaussian: {
    label: "Gaussian noise, 4 of 3x256x256",
    steps: 10,
    make: () => noise(new physics.GaussianNoise({ sigma })),
  },
  poisson: {
    label: "Poisson noise, 4 of 3x256x256",
    steps: 1,
    make: () => noise(new physics.PoissonNoise({ gain: 0.05 })),
  },
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
