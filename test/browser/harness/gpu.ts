import { functional } from "../../../ts/nn/index.js";
import { Rng } from "../../../ts/random/index.js";
import { init } from "../../../ts/runtime/index.js";
import { grad, memory, tensor, tidy, type Tensor } from "../../../ts/tensor/index.js";
import { device } from "./devices.js";
import { failure } from "./failure.js";
import { checks } from "./tape.js";

/** Numbers by name. */
export type Numbers = Record<string, number[]>;

/**
 * Value, gradient and the gradient of its squared length (second order) of each function of the tape checks, in float32
 * on the default device, at points that are the same everywhere.
 */
export async function derivatives(): Promise<Numbers> {
  const found: Record<string, Tensor> = {};
  for (const [name, { f, shapes }] of Object.entries(checks)) {
    const rng = new Rng(5);
    // Drawn in float64 on the host and then rounded: one sequence for every device.
    const inputs = shapes.map((shape) =>
      tensor(Float32Array.from(rng.normal(shape, { dtype: "float64", device: "cpu" }).dataSync()), {
        shape,
        requiresGrad: true,
      }),
    );
    const value = f(...inputs);
    const first = grad(value.square().sum(), inputs, { createGraph: true });
    const length = first.map((g) => g.square().sum()).reduce((a, b) => a.add(b));
    const second = grad(length, inputs, { allowUnused: true });
    found[name] = value;
    first.forEach((g, i) => (found[`${name}, gradient ${i}`] = g));
    second.forEach((g, i) => (found[`${name}, second order ${i}`] = g));
  }
  const numbers: Numbers = {};
  for (const [name, t] of Object.entries(found)) numbers[name] = Array.from(await t.data());
  return numbers;
}

/** Which tensors can be read without waiting: those that came from the host. */
export async function readable() {
  const own = tensor([1, 2, 3]);
  return {
    known: Array.from(own.detach().dataSync()),
    error: await failure(() => own.add(1).dataSync()),
    drawn: new Rng(1).normal([4]).dataSync().length,
  };
}

/** Changes the default device and back: what tensors of before say, and what computes after each change. */
export async function change() {
  const sum = async () => Array.from(await tensor([1, 2]).add(1).data());
  await init();
  const old = tensor([1]);
  const onCpu = await sum();
  await init({ device: "webgpu" });
  const stale = await failure(() => old.add(1));
  const [onGpu, name] = [await sum(), device()];
  const kept = tensor([5]);
  // The module with WebGPU has the processor too, and goes on.
  await init({ device: "cpu" });
  const [back, backName, live] = [await sum(), device(), Array.from(await kept.add(1).data())];
  old.dispose();
  return { onCpu, stale, onGpu, name, back, backName, live };
}

interface Lost {
  readonly prototype: { requestDevice(...args: unknown[]): Promise<{ destroy(): void }> };
}

/** Takes the graphics device away while a value is waited for; what calls say then, and what a new runtime computes. */
export async function lose() {
  const Adapter = (globalThis as unknown as { GPUAdapter: Lost }).GPUAdapter;
  const request = Adapter.prototype.requestDevice;
  let graphics: { destroy(): void } | undefined;
  Adapter.prototype.requestDevice = async function (...args) {
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

/** Live tensors and bytes after each of some small steps with gradients. */
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
