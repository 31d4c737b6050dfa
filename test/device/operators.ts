import * as F from "../../ts/functional/index.js";
import { cat, stack, tensor, where, type Tensor } from "../../ts/tensor/index.js";
import { compared, type Compared, type DeviceCheck } from "./check.js";

type Unary = (x: Tensor) => Tensor;

const image = [2, 4, 6, 5] as const;
const index = (x: Tensor, values: readonly number[], shape: readonly number[]) =>
  tensor([...values], { shape, dtype: x.dtype, device: x.device });

/** Functions of one tensor that is near a value, where they are smooth. */
const unary = (around: number, functions: Readonly<Record<string, Unary>>): Readonly<Record<string, Compared>> =>
  Object.fromEntries(Object.entries(functions).map(([name, f]) => [name, { f, shapes: [[3, 7]], around }]));

/** Functions that are constant almost everywhere. */
const steps = (functions: Readonly<Record<string, Unary>>): Readonly<Record<string, Compared>> =>
  Object.fromEntries(Object.entries(functions).map(([name, f]) => [name, { f, shapes: [[3, 7]], valueOnly: true }]));

const arithmetic: Readonly<Record<string, Compared>> = {
  "sums and products, broadcast": {
    f: (a, b) => a.mul(b).add(b.mul(2)).sub(a.add(1)).add(a.neg()),
    shapes: [
      [2, 3, 1],
      [3, 4],
    ],
  },
  quotient: { f: (a, b) => a.div(b.square().add(1)).div(0.7), shapes: [[2, 3], [3]] },
  "larger and smaller": {
    f: (a, b) => a.maximum(b).mul(a.minimum(0.1)).add(a.minimum(b).maximum(-0.2)),
    shapes: [[4, 5], [5]],
  },
  power: {
    f: (a, b) => a.abs().add(0.5).pow(b),
    shapes: [
      [3, 4],
      [3, 4],
    ],
  },
  "larger and smaller, of six axes": {
    f: (a, b) =>
      a
        .permute([5, 4, 3, 2, 1, 0])
        .maximum(b.permute([1, 0, 3, 2, 5, 4]))
        .minimum(a),
    shapes: [
      [2, 3, 2, 2, 3, 2],
      [3, 2, 2, 2, 2, 3],
    ],
  },
  "choice by a condition": {
    f: (a, b) => where(a.gt(b), a.square(), b.mul(3)).mul(where(a.le(0), 2, a)),
    shapes: [
      [3, 4],
      [3, 4],
    ],
  },
};

const elementwise: Readonly<Record<string, Compared>> = {
  ...unary(2.5, {
    log: (x) => x.log(),
    sqrt: (x) => x.sqrt(),
    rsqrt: (x) => x.rsqrt(),
    reciprocal: (x) => x.reciprocal(),
    "power by a number": (x) => x.pow(1.5),
    "powers by whole numbers": (x) => x.pow(3).add(x.sub(2.5).pow(4)).add(x.pow(-2)).mul(x.neg().pow(5)),
    log1p: (x) => x.log1p(),
  }),
  ...unary(0.1, {
    abs: (x) => x.abs(),
    exp: (x) => x.exp(),
    square: (x) => x.square(),
    sin: (x) => x.sin(),
    cos: (x) => x.cos(),
    tanh: (x) => x.tanh(),
    sigmoid: (x) => x.sigmoid(),
    relu: (x) => x.relu(),
    silu: (x) => x.silu(),
    gelu: (x) => x.gelu(),
    softplus: (x) => x.softplus(),
    erf: (x) => x.erf(),
    leakyRelu: (x) => x.leakyRelu(0.2),
    elu: (x) => x.elu(0.7),
    clamp: (x) => x.clamp(-0.4, 0.4).mul(x),
    clone: (x) => x.clone().mul(x.detach()),
  }),
  ...steps({
    sign: (x) => x.sign(),
    floor: (x) => x.mul(3).floor(),
    round: (x) => x.mul(3).round(),
    "comparisons with a number": (x) =>
      x.eq(0).add(x.ne(0)).add(x.gt(0.1)).add(x.ge(0.2)).add(x.lt(0.3)).add(x.le(-0.1)),
    "comparisons of tensors": (x) => {
      const y = x.flip([1]);
      return x.eq(y).add(x.ne(y)).add(x.gt(y)).add(x.ge(y)).add(x.lt(y)).add(x.le(y).mul(8));
    },
    "places of the extremes": (x) => x.argmax(1).add(x.argmin(1).mul(10)),
  }),
};

const reductions: Readonly<Record<string, Compared>> = {
  "sum and mean": { f: (x) => x.sum([0, 2]).mul(x.mean([2, 3], true)), shapes: [image] },
  "sum of 20,000 numbers": { f: (x) => x.square().sum([1]), shapes: [[2, 10_000]] },
  extremes: { f: (x) => x.max(1).mul(x.min(1)), shapes: [[4, 9]] },
  "extremes of several axes": {
    f: (x) =>
      x
        .max([0, 2])
        .mul(x.min([1, 2, 3]).sum())
        .add(x.max()),
    shapes: [image],
  },
  "extremes of 20,001 numbers, and of equal ones": {
    f: (x) => x.max(1).add(cat([x.mul(2), x, x.mul(2)], 1).min([0, 1])),
    shapes: [[2, 20_001]],
  },
  "extremes of 70 numbers, permuted": {
    f: (x) => x.permute([1, 2, 0]).max(1).mul(x.min(2).transpose()),
    shapes: [[30, 2, 70]],
  },
  product: { f: (x) => x.prod(1), shapes: [[3, 5]], around: 1 },
  variance: { f: (x) => x.variance([0]), shapes: [[6, 3]] },
  softmax: { f: (x) => F.softmax(x, 1), shapes: [[3, 37]] },
  "softmax of 700 numbers": { f: (x) => F.softmax(x, 1).mul(x), shapes: [[3, 700]] },
  "softmax of 300 channels": { f: (x) => F.softmax(x.permute([1, 0, 2]), 1), shapes: [[300, 2, 20]] },
  "softmax of channels": { f: (x) => F.softmax(x), shapes: [[2, 5, 3, 7]] },
  distances: {
    f: (a, b) => F.distance(a, b).add(F.distance(a, b, { p: 1 })),
    shapes: [
      [2, 9],
      [2, 9],
    ],
  },
  "inner products": {
    f: (a, b) => F.dot(a, b),
    shapes: [
      [2, 9],
      [2, 9],
    ],
  },
  "differences of neighbours": { f: (x) => F.variation(x, { dim: 2 }), shapes: [image] },
};

const shapes: Readonly<Record<string, Compared>> = {
  "reshape, permute, expand": {
    f: (x) => x.reshape([4, 1, 6]).permute([2, 1, 0]).expand([6, 3, 4]).mul(x.sum()),
    shapes: [[4, 6]],
  },
  "slice, flip, roll": {
    f: (x) =>
      x
        .slice([0, 1], [3, 7])
        .flip([1])
        .roll([1, -2], [0, 1])
        .mul(x.slice([0, 0], [3, 6])),
    shapes: [[3, 7]],
  },
  "joined and stacked": {
    f: (a, b) => cat([a, b], 1).mul(stack([a, a.mul(b)], 1).reshape([3, 4])),
    shapes: [
      [3, 2],
      [3, 2],
    ],
  },
  "borders of every mode": {
    f: (x) =>
      (["constant", "reflect", "replicate", "circular"] as const)
        .map((mode) => x.pad([0, 0, 0, 0, 1, 2, 2, 1], { mode }))
        .reduce((a, b, i) => a.add(b.mul(i + 1))),
    shapes: [[1, 2, 4, 5]],
  },
  "index, gather, scatter": {
    f: (x) => {
      const chosen = x.indexSelect(index(x, [2, 0, 2], [3]), 0);
      const gathered = x.gather(index(x, [1, 0, 3, 3, 2, 1], [3, 2]), 1);
      return chosen.scatterAdd(index(x, [0, 0, 1, 3, 2, 2], [3, 2]), gathered, 1);
    },
    shapes: [[3, 4]],
  },
  "slices with steps, reversed and shifted on three axes": {
    f: (x) => x.slice([0, 1, 0, 2], [3, 5, 7, 9], [2, 3, 1, 4]).flip([0, 2, 3]).roll([1, -3, 1], [1, 2, 3]),
    shapes: [[3, 5, 7, 9]],
  },
  "six tensors joined": {
    f: (a, b) => cat([a, b.square(), a.mul(2), b, b.mul(a.sum()), a.square()], 1),
    shapes: [
      [2, 3, 4],
      [2, 1, 4],
    ],
  },
  "seventy tensors joined along the last axis": {
    f: (a, b) => {
      const parts = Array.from({ length: 35 }, (_, i) => [
        a.slice([0, i], [3, i + 1 + (i % 4)]),
        i % 9 ? b.detach() : b,
      ]);
      return cat(parts.flat(), 1);
    },
    shapes: [
      [3, 40],
      [3, 2],
    ],
  },
  "borders of five axes": {
    f: (x) =>
      (["constant", "reflect", "replicate", "circular"] as const)
        .map((mode) => x.pad([1, 0, 1, 1, 0, 2, 2, 1, 1, 1], { mode, ...(mode === "constant" ? { value: 2 } : {}) }))
        .reduce((a, b, i) => a.add(b.mul(i + 1))),
    shapes: [[2, 3, 4, 5, 3]],
  },
  "borders as wide as they may be": {
    f: (x) => x.pad([4, 3, 3, 4], { mode: "reflect" }).mul(x.pad([3, 4, 4, 3], { mode: "circular" })),
    shapes: [[5, 5]],
  },
  "pixel shuffle and back": {
    f: (x) =>
      F.pixelShuffle(x, 2)
        .mul(2)
        .add(F.pixelUnshuffle(F.pixelShuffle(x, 2), 2).reshape([2, 1, 12, 10])),
    shapes: [image],
  },
};

const products: Readonly<Record<string, Compared>> = {
  "matrix product": {
    f: (a, b) => a.matmul(b),
    shapes: [
      [2, 3, 4],
      [4, 5],
    ],
  },
  "matrix product of side 96": {
    f: (a, b) => a.matmul(b),
    shapes: [
      [96, 96],
      [96, 96],
    ],
  },
  "products of transposed and repeated matrices": {
    f: (a, b) =>
      a
        .transpose(2, 3)
        .matmul(b)
        .matmul(b.transpose(0, 1).expand([2, 130, 9])),
    shapes: [
      [3, 2, 9, 70],
      [9, 130],
    ],
  },
  "products of matrices in two batches": {
    f: (a, b) => a.permute([1, 0, 2, 3]).matmul(b.permute([2, 0, 1, 3])),
    shapes: [
      [2, 3, 4, 5],
      [1, 5, 3, 7],
    ],
  },
  "product of sums of 3,001 terms": {
    f: (a, b) => a.matmul(b),
    shapes: [
      [3, 3001],
      [3001, 5],
    ],
  },
  "products of 33,000 matrices": {
    f: (a, b) => a.matmul(b),
    shapes: [
      [33_000, 1, 2],
      [33_000, 2, 1],
    ],
  },
  "convolution 3x3 with bias": {
    f: (x, w, b) => F.conv2d(x, w, { bias: b, padding: 1 }),
    shapes: [image, [3, 4, 3, 3], [3]],
  },
  "convolution of 2 groups of 70 channels, with bias, 40 x 40 pixels": {
    f: (x, w, b) => F.conv2d(x, w, { bias: b, padding: [2, 0], groups: 2 }),
    shapes: [[3, 4, 40, 40], [140, 2, 3, 2], [140]],
  },
  "convolution 3x3, 32 channels, leaky": {
    f: (x, w) => F.conv2d(x, w, { padding: 1, negativeSlope: 0.1 }),
    shapes: [
      [1, 32, 12, 12],
      [32, 32, 3, 3],
    ],
  },
  "convolution with stride, dilation and groups": {
    f: (x, w) => F.conv2d(x, w, { stride: [2, 1], padding: 2, dilation: [1, 2], groups: 2 }),
    shapes: [image, [4, 2, 3, 3]],
  },
  "transposed convolution": {
    f: (x, w, b) => F.convTranspose2d(x, w, { bias: b, stride: 2, padding: 1, outputPadding: 1 }),
    shapes: [image, [4, 2, 3, 3], [2]],
  },
  "convolution to 64 channels, 200 x 200 pixels": {
    f: (x, w) => F.conv2d(x, w, { padding: [1, 0] }),
    shapes: [
      [1, 1, 200, 200],
      [64, 1, 3, 1],
    ],
  },
  "convolution to 128 channels, 200 x 200 pixels": {
    f: (x, w, b) => F.conv2d(x, w, { bias: b, padding: [0, 1], negativeSlope: 0 }),
    shapes: [[1, 1, 200, 200], [128, 1, 1, 3], [128]],
  },
  "convolution 1x1, 70 to 130 channels": {
    f: (x, w) => F.conv2d(x, w),
    shapes: [
      [3, 70, 7, 9],
      [130, 70, 1, 1],
    ],
  },
  "convolution 5x5 with stride 3 and dilation 2, 2 groups of 9 channels": {
    f: (x, w) => F.conv2d(x, w, { stride: 3, padding: 4, dilation: 2, groups: 2 }),
    shapes: [
      [2, 18, 13, 11],
      [20, 9, 5, 5],
    ],
  },
  "convolution of a transposed and an expanded tensor": {
    f: (x, w) => F.conv2d(x.transpose(2, 3), w.expand([5, 6, 3, 2])),
    shapes: [
      [2, 6, 8, 5],
      [5, 1, 3, 2],
    ],
  },
  "transposed convolution with stride 3 and dilation 2, 20 to 3 channels": {
    f: (x, w, b) => F.convTranspose2d(x, w, { bias: b, stride: [3, 2], dilation: [2, 2], padding: 1 }),
    shapes: [[2, 20, 6, 5], [20, 3, 4, 3], [3]],
  },
  windows: { f: (x) => F.unfold(x, 3, { padding: 1 }), shapes: [image] },
  "windows of 2 x 3, with strides, dilation and a wide border": {
    f: (x) => F.unfold(x, [2, 3], { padding: [3, 1], stride: [1, 2], dilation: [2, 1] }),
    shapes: [image],
  },
  "pooling by the largest": { f: (x) => F.maxPool2d(x, 2), shapes: [image] },
  "pooling by the mean": { f: (x) => F.avgPool2d(x, 3, { stride: 2, padding: 1 }), shapes: [image] },
  "adaptive pooling": { f: (x) => F.adaptiveAvgPool2d(x, [2, 3]), shapes: [image] },
  "batch norm": {
    f: (x, w, b) => F.batchNorm(x, { weight: w, bias: b, negativeSlope: 0.2 }),
    shapes: [image, [4], [4]],
  },
  "layer norm": { f: (x, w, b) => F.layerNorm(x, { weight: w, bias: b }), shapes: [image, [4], [4]] },
  "group norm": { f: (x, w, b) => F.groupNorm(x, 2, { weight: w, bias: b }), shapes: [image, [4], [4]] },
};

const sampling: Readonly<Record<string, Compared>> = {
  ...Object.fromEntries(
    F.interpolations.map((mode): [string, Compared] => [
      `resized, ${mode}`,
      { f: (x) => F.interpolate(x, { size: [9, 4], mode }), shapes: [image] },
    ]),
  ),
  ...Object.fromEntries(
    F.interpolations.map((mode, i): [string, Compared] => [
      `sampled at positions, ${mode}`,
      {
        f: (x, grid) => F.gridSample(x, grid, { mode, paddingMode: F.outsides[i] ?? "zeros" }),
        shapes: [image, [2, 3, 4, 2]],
        // Nearest pixels do not depend on the position a little, and the others bend at pixels.
        valueOnly: mode === "nearest",
      },
    ]),
  ),
  "projective map": {
    f: (x) => F.warp(x, [[0.8, 0.3, 0.4, -0.3, 0.9, 0.2, 0.01, 0.02, 1]], { size: [6, 5] }),
    shapes: [image],
  },
};

const transforms: Readonly<Record<string, Compared>> = {
  "Fourier transform and back": {
    f: (x) => F.ifft2(F.fft2(x).mul(x)),
    shapes: [[2, 2, 12, 10]],
  },
  "Fourier transform of side 64": { f: (x) => F.fft2(x), shapes: [[1, 2, 64, 64]] },
  "centred Fourier transform": {
    f: (x) => F.centredFft(F.centredFft(x, [2, 3]).square(), [2, 3], { inverse: true }),
    shapes: [[2, 2, 6, 9]],
  },
  "half a spectrum and back": {
    f: (x) => F.fromHalfSpectrum(F.halfSpectrum(x).mul(0.1).square(), 7),
    shapes: [[1, 2, 6, 7]],
  },
  "complex product": {
    f: (a, b) => F.complexMul(a, b).add(F.complexMul(a, b, { conjugate: true }).mul(2)),
    shapes: [
      [3, 4, 2],
      [3, 4, 2],
    ],
  },
  "filter by its response": {
    f: (x, filter) => F.fourierFilter(x, F.halfSpectrum(filter)),
    shapes: [
      [1, 2, 8, 6],
      [1, 2, 8, 6],
    ],
  },
  projections: { f: (x) => F.radon(x, { angles: [0, 31, 90, 137] }), shapes: [[2, 9, 9]] },
  "back-projection": {
    f: (y) => F.radonTranspose(y, { angles: [0, 31, 90, 137], width: 9, circle: true }),
    shapes: [[2, 9, 4]],
  },
};

/** Sizes that are odd, or more than one group of units takes, and operands that are not in row-major order. */
const layouts: Readonly<Record<string, Compared>> = {
  "batch norm of 5,289 values a channel, permuted": {
    f: (x, w) => F.batchNorm(x.permute([1, 0, 3, 2]), { weight: w, negativeSlope: 0 }),
    shapes: [[2, 3, 41, 43], [2]],
  },
  "batch norm with given moments": {
    f: (x, w, b, m, v) =>
      F.batchNorm(x, { weight: w, bias: b, mean: m, variance: v.square().add(0.5), negativeSlope: 0.1 }),
    shapes: [[3, 5, 7, 3], [5], [5], [5], [5]],
  },
  // The squared norm of the result alone hardly depends on x.
  "batch norm of columns": { f: (x) => F.batchNorm(x).mul(x), shapes: [[67, 3]] },
  "group norm of 5,525 values a group": {
    f: (x, w, b) => F.groupNorm(x, 3, { weight: w, bias: b }),
    shapes: [[2, 15, 65, 17], [15], [15]],
  },
  "instance norm of an expanded image": {
    f: (x, b) => F.groupNorm(x.expand([3, 4, 9, 11]), 4, { bias: b }).mul(x),
    shapes: [[1, 4, 9, 11], [4]],
  },
  "layer norm of 67 channels": {
    f: (x, w) => F.layerNorm(x.permute([0, 3, 1, 2]), { weight: w }),
    shapes: [[2, 5, 9, 67], [67]],
  },
  "pooling by the largest, overlapping": {
    f: (x) => F.maxPool2d(x.permute([1, 0, 3, 2]), [3, 2], { stride: [1, 2], padding: [1, 1], dilation: [2, 1] }),
    shapes: [[3, 2, 17, 19]],
  },
  "pooling by the mean with the border": {
    f: (x) => F.avgPool2d(x.expand([2, 3, 17, 19]), [3, 4], { stride: [2, 3], padding: 1, countIncludePad: true }),
    shapes: [[1, 3, 17, 19]],
  },
  ...Object.fromEntries(
    (["bilinear", "bicubic"] as const).flatMap((mode) =>
      F.outsides.map((paddingMode): [string, Compared] => [
        `21 x 37 samples of 6 channels, ${mode}, ${paddingMode}`,
        {
          f: (x, grid) =>
            F.gridSample(x.permute([0, 1, 3, 2]), grid.expand([2, 21, 37, 2]), {
              mode,
              paddingMode,
              alignCorners: mode === "bicubic",
            }),
          shapes: [
            [2, 6, 19, 35],
            [1, 21, 37, 2],
          ],
        },
      ]),
    ),
  ),
  "projections without the circle, permuted": {
    f: (x) => F.radon(x.permute([1, 0, 2]), { angles: [-20, 10, 45, 90, 200], circle: false }),
    shapes: [[12, 3, 12]],
  },
  "back-projection without the circle, expanded": {
    f: (y) => F.radonTranspose(y.expand([3, 17, 2]), { angles: [33, 270], width: 12, circle: false }),
    shapes: [[1, 17, 2]],
  },
  "Fourier transforms of 1,000 and 63 numbers, permuted": {
    f: (x) => F.fft2(x.permute([0, 1, 3, 2])),
    shapes: [[1, 2, 1000, 63]],
  },
  "Fourier transform of 1,100 numbers": { f: (x) => F.fft2(x), shapes: [[1, 2, 3, 1100]] },
  "Fourier transform of 1,031 numbers, a prime": { f: (x) => F.fft2(x), shapes: [[1, 2, 2, 1031]] },
  "Fourier transforms of 1,280 and 3 numbers, permuted": {
    f: (x) => F.fft2(x.permute([0, 1, 3, 2])),
    shapes: [[1, 2, 3, 1280]],
  },
  "half a spectrum of 2 x 2,048 and back": {
    f: (x) => F.fromHalfSpectrum(F.halfSpectrum(x).mul(0.1).square(), 2048),
    shapes: [[2, 2, 2048]],
  },
  "half a spectrum of 1,280 x 3 and back": {
    f: (x) => F.fromHalfSpectrum(F.halfSpectrum(x).mul(0.1).square(), 3),
    shapes: [[1, 1280, 3]],
  },
  "centred Fourier transform of 3 x 3,000": {
    f: (x) => F.centredFft(x.permute([0, 3, 1, 2]), [2, 3], { inverse: true }),
    shapes: [[1, 3, 3000, 2]],
  },
  "centred Fourier transform of 7 x 11 x 13, permuted": {
    f: (x) => F.centredFft(x.permute([0, 4, 1, 2, 3]), [2, 3, 4], { inverse: true }),
    shapes: [[1, 7, 11, 13, 2]],
  },
  "half a spectrum of 70 x 45, expanded": {
    f: (x) =>
      F.fromHalfSpectrum(
        F.halfSpectrum(x.expand([2, 3, 70, 45]))
          .mul(0.1)
          .square(),
        45,
      ),
    shapes: [[1, 3, 70, 45]],
  },
  "complex product of a list of images and one": {
    f: (a, b) => F.complexMul(a, b, { conjugate: true }),
    shapes: [
      [3, 2, 9, 2],
      [3, 1, 9, 2],
    ],
  },
  "filter of 20 x 34, for every image": {
    f: (x, filter) => F.fourierFilter(x, F.halfSpectrum(filter)),
    shapes: [
      [2, 3, 20, 34],
      [1, 3, 20, 34],
    ],
  },
  "distances and products of rows of 9,001 numbers": {
    f: (a, b) =>
      F.distance(a, b)
        .add(F.distance(a, b.expand([3, 9001]), { p: 1 }))
        .add(F.dot(a, b.mul(a))),
    shapes: [
      [3, 9001],
      [3, 9001],
    ],
  },
  "differences of neighbours in 3 x 5 x 37 x 41, permuted": {
    f: (x) => F.variation(x.permute([1, 0, 2, 3]), { dim: 2 }).add(F.variation(x.permute([1, 0, 3, 2]), { dim: 3 })),
    shapes: [[5, 3, 37, 41]],
  },
  "differences along an axis of one": { f: (x) => F.variation(x, { dim: 1 }).add(x.sum([1, 2])), shapes: [[2, 1, 7]] },
  "no images": {
    f: (x) =>
      cat(
        [
          F.batchNorm(x, { mean: x.sum([0, 2, 3]), variance: x.sum([0, 2, 3]) }),
          F.layerNorm(x),
          F.maxPool2d(x, 1),
          F.avgPool2d(x, 1),
        ],
        0,
      ),
    shapes: [[0, 4, 6, 5]],
  },
};

const denoisers: Readonly<Record<string, Compared>> = {
  "similar patches": {
    f: (x, guide) => F.nonLocal(x, guide, { sigma: 0.5 }),
    shapes: [
      [1, 1, 12, 13],
      [1, 1, 12, 13],
    ],
    valueOnly: true,
  },
};

const updates: Readonly<Record<string, Compared>> = {
  "a step of Adam": {
    f: (parameter, gradient, m) => {
      const state = (of: Tensor): F.AdamState => ({ parameter: of, m, v: m.square() });
      const steps = F.adamStep([state(parameter), state(gradient)], [gradient, m], {
        step: 3,
        lr: 0.1,
        betas: [0.9, 0.99],
        eps: 1e-8,
        weightDecay: 0.01,
        decoupled: true,
        factor: tensor([0.75], { dtype: m.dtype, device: m.device }),
      });
      return cat(
        steps.flatMap((step) => [step.parameter, step.m, step.v]),
        0,
      );
    },
    shapes: [
      [5, 3],
      [5, 3],
      [5, 3],
    ],
    valueOnly: true,
  },
  // More tensors than a launch takes, of several sizes.
  "running means of many tensors": {
    f: (a, b) => {
      const pairs = Array.from({ length: 75 }, (_, i) => ({
        a: a.slice([0], [1 + ((i * 37) % 700)]),
        b: b.slice([i], [1 + i + ((i * 37) % 700)]),
        factor: 1 + i / 8,
      }));
      return cat(F.lerp(pairs, 0.3), 0);
    },
    shapes: [[800], [800]],
    valueOnly: true,
  },
  "the factor of scaled gradients, and the next scale": {
    f: (a, b) => {
      const scales = [8, 2 ** 24].map((scale) => tensor([scale, 1999], { dtype: a.dtype, device: a.device }));
      return cat(
        scales.flatMap((scale, i) => {
          const gradients = i === 0 ? [a, b] : [a, b.div(0)];
          const { factor, state } = F.unscale(gradients, scale, 2);
          return [
            factor.reshape([1]),
            state
              .slice([0], [1])
              .sub(scale.slice([0], [1]))
              .sign(),
            state.slice([1]),
          ];
        }),
        0,
      );
    },
    shapes: [[130, 70], [90]],
    valueOnly: true,
  },
  "a step of Adam that is left out": {
    f: (parameter, gradient, m) => {
      const factor = tensor([-1], { dtype: m.dtype, device: m.device });
      const options = { step: 1, lr: 0.1, betas: [0.9, 0.99], eps: 1e-8, factor } as const;
      const [step] = F.adamStep([{ parameter, m, v: m.square() }], [gradient.div(0)], options) as [F.AdamState];
      return cat([step.parameter, step.m, step.v], 0);
    },
    shapes: [[5], [5], [5]],
    valueOnly: true,
  },
  "the factor of clipped gradients": {
    f: (a, b) => {
      const many = Array.from({ length: 75 }, (_, i) => b.slice([i], [i + 1 + (i % 9)]));
      return F.clipFactor([a, ...many], 2).reshape([1]);
    },
    shapes: [[130, 70], [90]],
    valueOnly: true,
  },
};

/** Every operator, with both derivatives where it has some. */
export const operatorChecks: readonly DeviceCheck[] = Object.entries({
  ...arithmetic,
  ...elementwise,
  ...reductions,
  ...shapes,
  ...products,
  ...sampling,
  ...transforms,
  ...layouts,
  ...denoisers,
  ...updates,
}).map(([name, what]) => compared(name, what));
