import * as F from "../../../ts/functional/index.js";
import { functional } from "../../../ts/nn/index.js";
import { Rng } from "../../../ts/random/index.js";
import { init } from "../../../ts/runtime/index.js";
import { cat, grad, memory, tensor, tidy, where, type Tensor } from "../../../ts/tensor/index.js";
import { device } from "./devices.js";
import { failure } from "./failure.js";
import { checks } from "./tape.js";

/**
 * Value, gradient and gradient of the squared gradient norm of each function of the tape checks, in float32 on the
 * default device, at the same points on all devices.
 */
export async function derivatives(): Promise<Record<string, number[]>> {
  const found: Record<string, Tensor> = {};
  for (const [name, { f, shapes }] of Object.entries(checks)) {
    const rng = new Rng(5);
    // Drawn in float64 on the CPU and then rounded: the same numbers for all devices.
    const inputs = shapes.map((shape) =>
      tensor(Float32Array.from(rng.normal(shape, { dtype: "float64", device: "cpu" }).dataSync()), {
        shape,
        requiresGrad: true,
      }),
    );
    const value = f(...inputs);
    const first = grad(value.square().sum(), inputs, { createGraph: true });
    const squaredNorm = first.map((g) => g.square().sum()).reduce((a, b) => a.add(b));
    const second = grad(squaredNorm, inputs, { allowUnused: true });
    found[name] = value;
    first.forEach((g, i) => (found[`${name}, gradient ${i}`] = g));
    second.forEach((g, i) => (found[`${name}, second order ${i}`] = g));
  }
  const numbers: Record<string, number[]> = {};
  for (const [name, t] of Object.entries(found)) numbers[name] = Array.from(await t.data());
  return numbers;
}

/** Operators whose gradients have kernels of their own where nothing is recorded. */
const kernels: Readonly<Record<string, (x: Tensor, positions: Tensor) => Tensor>> = {
  samples: (x, positions) => F.gridSample(x, positions),
  "cubic samples": (x, positions) => F.gridSample(x, positions, { mode: "bicubic", paddingMode: "reflection" }),
  "batch norm": (x) => F.batchNorm(x, { negativeSlope: 0.2 }).mul(x),
  "group norm": (x) => F.groupNorm(x, 3).mul(x),
  "layer norm": (x) => F.layerNorm(x).mul(x),
  "largest of windows": (x) => F.maxPool2d(x, 3, { stride: 2, padding: 1 }),
  "mean of windows": (x) => F.avgPool2d(x, 3, { stride: 2, padding: 1 }),
  projections: (x) => F.radon(x.reshape([12, 17, 17]), { angles: [0, 30, 100] }),
  "half spectra": (x) => F.fromHalfSpectrum(F.halfSpectrum(x).mul(0.1).square(), 17),
  "differences of neighbours": (x) => F.variation(x, { dim: 2 }),
  "smooth activations": (x) => x.gelu().add(x.silu()).add(x.elu(0.5)).add(x.softplus()).mul(x.sigmoid()),
  extremes: (x) =>
    x
      .maximum(x.detach().flip([3]))
      .minimum(0.8)
      .add(where(x.gt(0), x, x.mul(0.3)).clamp(-0.5, 1)),
  softmax: (x) => F.softmax(x, 1).add(F.softmax(x.reshape([12, 289]), 1).reshape([2, 6, 17, 17])),
  borders: (x) =>
    x
      .pad([0, 0, 0, 0, 1, 2, 2, 1], { mode: "reflect" })
      .pad([0, 0, 0, 0, 2, 2, 1, 1], { mode: "replicate" })
      .pad([0, 0, 0, 0, 3, 2, 2, 1], { mode: "circular" }),
  moves: (x) => cat([x.flip([2, 3]), x.roll([2, -3], [2, 3]), x.slice([0, 0, 0, 0], [2, 6, 17, 17], [1, 2, 1, 1])], 1),
  resizing: (x) =>
    F.interpolate(x, { size: [9, 23], mode: "nearest" }).add(F.interpolate(x, { size: [9, 23], mode: "bicubic" })),
  windows: (x) => F.unfold(x, [3, 2], { stride: [1, 2], padding: 1 }),
  "a convolution with strides": (x) => F.conv2d(x, x.detach().slice([0, 0, 0, 0], [2, 6, 3, 3]), { stride: [2, 3] }),
  "a convolution with a bias": (x) =>
    F.conv2d(x, x.slice([0, 0, 0, 0], [2, 6, 3, 3]), { bias: x.slice([0, 0, 0, 0], [1, 1, 1, 2]).reshape([2]) }),
  "extremes over axes": (x) =>
    x
      .max([2, 3])
      .mul(x.min([2, 3]))
      .add(x.max([0, 2, 3]).mul(x.min([1, 2]).sum())),
  powers: (x) => x.abs().add(0.5).pow(x).add(x.pow(3)),
  "products of matrices": (x) => x.transpose(2, 3).matmul(x.slice([0, 0, 0, 0], [1, 6, 17, 17])),
  "a long Fourier transform": (x) => F.fft2(x.reshape([2, 2, 3, 289]).pad([0, 0, 0, 0, 0, 0, 800, 191])),
};

/** Gradients of these of the squared norm of their result, on the default device. */
export async function kernelGradients(): Promise<Record<string, number[]>> {
  const rng = new Rng(6);
  const leaf = (shape: readonly number[]) =>
    tensor(Float32Array.from(rng.normal(shape, { dtype: "float64", device: "cpu" }).dataSync()), {
      shape,
      requiresGrad: true,
    });
  const [x, positions] = [leaf([2, 6, 17, 17]), leaf([2, 9, 19, 2])];
  const numbers: Record<string, number[]> = {};
  for (const [name, f] of Object.entries(kernels)) {
    const found = grad(f(x, positions).square().sum(), [x, positions], { allowUnused: true });
    for (const [i, g] of found.entries()) if (g) numbers[`${name} ${i}`] = Array.from(await g.data());
  }
  return numbers;
}

/** Which tensors can be read synchronously: uploads and draws, not results. */
export async function readable() {
  const upload = tensor([1, 2, 3]);
  return {
    uploaded: Array.from(upload.detach().dataSync()),
    error: await failure(() => upload.add(1).dataSync()),
    drawn: new Rng(1).normal([4]).dataSync().length,
  };
}

/** Changes the default device and back; returns results on each device, and the error of a tensor made before. */
export async function changeDevice() {
  const sum = async () => Array.from(await tensor([1, 2]).add(1).data());
  await init();
  const old = tensor([1]);
  const onCpu = await sum();
  await init({ device: "webgpu" });
  const stale = await failure(() => old.add(1));
  const [onGpu, name] = [await sum(), device()];
  const kept = tensor([5]);
  // The module with WebGPU supports the CPU too, and stays.
  await init({ device: "cpu" });
  const [back, backName, live] = [await sum(), device(), Array.from(await kept.add(1).data())];
  old.dispose();
  return { onCpu, stale, onGpu, name, back, backName, live };
}

/** Destroys the graphics device during a read; returns the errors of calls, and results of a new runtime. */
export async function loseDevice() {
  const request = GPUAdapter.prototype.requestDevice;
  let graphics: GPUDevice | undefined;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    graphics = await request.apply(this, args);
    return graphics;
  };
  await init({ device: "webgpu" });
  const old = tensor([1, 2]).add(1);
  const before = Array.from(await old.data());
  const pending = failure(async () => await old.mul(2).data());
  graphics?.destroy();
  const waiting = await pending;
  await new Promise((resolve) => setTimeout(resolve, 200));
  const after = [
    await failure(() => tensor([1])),
    await failure(async () => await old.data()),
    await failure(() => old.add(1)),
  ];
  old.dispose();
  await init();
  const onCpu = Array.from(await tensor([1, 2]).add(1).data());
  await init({ device: "webgpu" });
  const onGpu = Array.from(await tensor([1, 2]).add(1).data());
  return { found: graphics !== undefined, before, waiting, after, onCpu, onGpu, name: device() };
}

/** The number of live tensors and their bytes after each of several small gradient steps. */
export async function memoryOnGpu(steps: number): Promise<{ tensors: number; bytes: number }[]> {
  const [x, w] = [new Rng(1).normal([1, 1, 6, 6]), new Rng(2).normal([2, 1, 3, 3]).requiresGrad_()];
  const seen: { tensors: number; bytes: number }[] = [];
  for (let i = 0; i < steps; i++) {
    const gradient = tidy(() => grad(functional.conv2d(x, w, { padding: 1 }).square().sum(), [w])[0] as Tensor);
    await gradient.data();
    gradient.dispose();
    seen.push(memory());
  }
  return seen;
}
