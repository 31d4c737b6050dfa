// Timed cases of single operators: the squared norm of the result and its gradient in every operand, unless the label
// says otherwise.
import { full, loss, nn, noGrad, physics, Rng, tensor } from "../dist/index.js";
import { derived, noise, squared } from "./steps.mjs";
import {
  convolution as convolutionWork,
  convolved,
  fourier,
  matmul,
  squaredLinear,
  squaredNorm,
  times,
  total,
  transposedConvolution,
  work,
} from "./work.mjs";

const f = nn.functional;
const form = (shape) => `${shape[0]} of ${shape.slice(1).join("x")}`;

const count = (shape) => shape.reduce((a, b) => a * b, 1);

/** The gradients of a squared norm in operands with normal numbers of these shapes. */
function gradients(operator, ...shapes) {
  const rng = new Rng(0);
  return squared(operator, ...shapes.map((shape) => rng.normal(shape)));
}

/** A convolution of images of `shape` with `filters` [outputs, inputs / groups, height, width]. */
const convolution = (name, shape, filters, options) => ({
  label: `${name}, and all gradients, ${form(shape)}`,
  steps: 2,
  work: total(
    times(3, convolutionWork(shape, filters, options)),
    squaredNorm(count(convolved(shape, filters, options))),
  ),
  make: () => gradients((x, weight) => f.conv2d(x, weight, options), shape, filters),
});

/** An operator on one tensor. */
const unary = (name, shape, amount, operator) => ({
  label: `${name} and its gradient, ${form(shape)}`,
  steps: 4,
  work: amount,
  make: () => gradients(operator, shape),
});

/** A norm on `entries`: x to y, the squared norm of y, and from x and its gradient that of x. */
const normed = (entries) => total(work(5 * entries), squaredNorm(entries));

/** Each entry of a pooled map from four; its gradient likewise. */
const pooled = (entries) => total(work(2 * (entries + entries / 4)), squaredNorm(entries / 4));

/** A complex Fourier transform of 4 images of `side` x `side`, twice: the gradient is one. */
const transformed = (side) => squaredLinear(8 * side ** 2, 8 * side ** 2, fourier(side ** 2, 4));

/** Images of 3 x 256 x 256 and a position for each pixel: bilinear samples, of 8 FLOPs. */
const [IMAGES, POSITIONS] = [12 * 256 ** 2, 8 * 256 ** 2];

/** Positions of a rotation of its own for each image, [batch, side, side, 2]. */
function rotations(batch, side) {
  const coordinate = (i) => (2 * i + 1) / side - 1;
  const points = Float32Array.from({ length: batch * side * side * 2 }, (_, i) => {
    const angle = 0.3 * (1 + Math.floor(i / (2 * side * side)));
    const [row, column] = [coordinate(Math.floor(i / (2 * side)) % side), coordinate(Math.floor(i / 2) % side)];
    return i % 2 === 0
      ? Math.cos(angle) * column - Math.sin(angle) * row
      : Math.sin(angle) * column + Math.cos(angle) * row;
  });
  return tensor(points, { shape: [batch, side, side, 2] });
}

/** Images sampled at a grid for each; gradients in the images or in the grid. */
function sampling(byGrid) {
  const [x, grid] = [new Rng(0).uniform([4, 3, 256, 256]), rotations(4, 256)];
  const leaf = (byGrid ? grid : x).requiresGrad_();
  return () => derived(f.gridSample(x, grid).square().sum(), [leaf]);
}

/** A layer of normal images; gradients in them and in its weights. */
function norm(layer, shape) {
  const x = new Rng(0).normal(shape).requiresGrad_();
  return () => derived(layer.forward(x).square().sum(), [x, ...layer.parameters()]);
}

/** The cases by name, as those of cases.mjs. */
export const operatorCases = {
  conv1: convolution("convolution 1x1, 64 channels", [4, 64, 64, 64], [64, 64, 1, 1]),
  conv4: convolution("convolution 4x4, 64 channels", [4, 64, 32, 32], [64, 64, 4, 4]),
  conv5: convolution("convolution 5x5, 64 channels", [4, 64, 32, 32], [64, 64, 5, 5], { padding: 2 }),
  conv7: convolution("convolution 7x7, 32 channels", [4, 32, 48, 48], [32, 32, 7, 7], { padding: 3 }),
  deep: convolution("convolution 3x3, 512 channels", [4, 512, 8, 8], [512, 512, 3, 3], { padding: 1 }),
  strided: convolution("convolution 4x4 with stride 2, 64 to 128 channels", [8, 64, 32, 32], [128, 64, 4, 4], {
    stride: 2,
    padding: 1,
  }),
  dilated: convolution("convolution 3x3 with dilation 2, 64 channels", [4, 64, 32, 32], [64, 64, 3, 3], {
    padding: 2,
    dilation: 2,
  }),
  grouped: convolution("convolution 3x3 in 8 groups, 64 channels", [4, 64, 64, 64], [64, 8, 3, 3], {
    padding: 1,
    groups: 8,
  }),
  transposed: {
    label: "transposed convolution 2x2 with stride 2, 128 to 64 channels, and all gradients, 4 of 128x32x32",
    steps: 2,
    work: total(
      times(3, transposedConvolution([4, 128, 32, 32], [128, 64, 2, 2], { stride: 2 })),
      squaredNorm(4 * 64 * 64 * 64),
    ),
    make: () =>
      gradients((x, weight) => f.convTranspose2d(x, weight, { stride: 2 }), [4, 128, 32, 32], [128, 64, 2, 2]),
  },
  matmul: {
    label: "product of matrices 512 x 512",
    steps: 10,
    work: matmul(512, 512, 512),
    make() {
      const [a, b] = [new Rng(0).normal([512, 512]), new Rng(1).normal([512, 512])];
      return () => noGrad(() => a.matmul(b));
    },
  },
  batched: {
    label: "products of 64 matrices 128 x 64 and 64 x 128, and all gradients",
    steps: 4,
    work: total(times(3, matmul(128, 64, 128, 64)), squaredNorm(64 * 128 * 128)),
    make: () => gradients((a, b) => a.matmul(b), [64, 128, 64], [64, 64, 128]),
  },
  groupNorm: {
    label: "group norm, 8 groups of 64 channels, and all gradients, 8 of 64x64x64",
    steps: 2,
    work: normed(8 * 64 ** 3),
    make: () => norm(new nn.GroupNorm({ numGroups: 8, numChannels: 64 }), [8, 64, 64, 64]),
  },
  layerNorm: {
    label: "layer norm of the channels of each pixel, and all gradients, 4 of 64x64x64",
    steps: 2,
    work: normed(4 * 64 ** 3),
    make: () => norm(new nn.LayerNorm2d({ numChannels: 64 }), [4, 64, 64, 64]),
  },
  instanceNorm: {
    label: "instance norm and its gradient, 8 of 64x64x64",
    steps: 2,
    work: normed(8 * 64 ** 3),
    make: () => norm(new nn.InstanceNorm2d({ numFeatures: 64 }), [8, 64, 64, 64]),
  },
  maxPool: unary("max pooling 2x2", [8, 64, 64, 64], pooled(8 * 64 ** 3), (x) => f.maxPool2d(x, 2)),
  avgPool: unary("average pooling 2x2", [8, 64, 64, 64], pooled(8 * 64 ** 3), (x) => f.avgPool2d(x, 2)),
  softmax: unary("softmax of 256 values", [64, 256, 256], normed(64 * 256 ** 2), (x) => f.softmax(x, 2)),
  gridEach: {
    label: "squared norm of images sampled at a grid for each (bilinear) and its gradient, 4 of 3x256x256",
    steps: 2,
    work: squaredLinear(IMAGES, IMAGES, 8 * IMAGES, POSITIONS),
    make: () => sampling(false),
  },
  gridGradient: {
    label: "the same, the gradient in the grid",
    steps: 2,
    work: total(work(3 * IMAGES + 3 * POSITIONS, 16 * IMAGES), squaredNorm(IMAGES)),
    make: () => sampling(true),
  },
  tv: {
    label: "squared total variation and its gradient, 4 of 3x256x256",
    steps: 4,
    work: work(3 * IMAGES),
    make() {
      const [criterion, x] = [new loss.TVLoss(), new Rng(0).uniform([4, 3, 256, 256]).requiresGrad_()];
      return () => derived(criterion.forward({ xNet: x }).sum(), [x]);
    },
  },
  fftOdd: unary("Fourier transform of sides 225 (odd)", [4, 225, 225, 2], transformed(225), (x) =>
    f.fft2(x, { complexDim: -1, dims: [1, 2] }),
  ),
  fftPrime: unary("Fourier transform of sides 251 (prime)", [4, 251, 251, 2], transformed(251), (x) =>
    f.fft2(x, { complexDim: -1, dims: [1, 2] }),
  ),
  binomial: {
    label: "binomial counts of 100 trials, 4 of 3x256x256",
    steps: 2,
    work: work(2 * IMAGES),
    make() {
      const [rng, trials] = [new Rng(0), full([4, 3, 256, 256], 100)];
      return () => noGrad(() => rng.binomial(trials, 0.3));
    },
  },
  gamma: {
    label: "gamma noise of 4 looks, 4 of 3x256x256",
    steps: 2,
    work: work(2 * IMAGES),
    make: () => noise(new physics.GammaNoise({ l: 4 })),
  },
};
