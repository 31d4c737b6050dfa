import { beforeAll, describe, expect, it } from "vitest";
import * as F from "../../ts/functional/index.js";
import { Rng } from "../../ts/random/index.js";
import { binding, devices, init } from "../../ts/runtime/index.js";
import { cat, grad, ones, tensor, where, zeros, type Tensor } from "../../ts/tensor/index.js";

const reason = await init({ device: "webgpu" }).then(
  () => undefined,
  (error: Error) => error.message,
);

describe.skipIf(reason !== undefined)(`webgpu where it starts${reason === undefined ? "" : ` (${reason})`}`, () => {
  beforeAll(async () => await init({ device: "webgpu" }));

  it("is listed with name, kind and driver, and with the memory that it holds", () => {
    const x = zeros([1 << 18]).add(1);
    const row = devices().find(({ name }) => name === "webgpu");
    expect(row).toMatchObject({ available: true, driver: expect.stringMatching(/\w/) as string });
    expect(row?.kind).toMatch(/^(discrete|integrated|virtual|software|other)$/);
    expect(row?.memory?.used).toBeGreaterThanOrEqual(x.size * 4);
    expect(row?.memory?.reserved).toBeGreaterThanOrEqual(row?.memory?.used ?? Infinity);
  });

  it("has its cards by number too, and says how many there are", async () => {
    await init({ device: "webgpu:0" });
    const x = tensor([1, 2]);
    expect(x.device).toBe("webgpu:0");
    expect(x.mul(2).dataSync()).toEqual(Float32Array.of(2, 4));
    expect(devices().find(({ name }) => name === "webgpu:0")).toMatchObject({ available: true });
    expect(() => x.add(tensor([1, 2], { device: "webgpu" }))).toThrow(
      expect.objectContaining({ code: "device_mismatch" }),
    );
    await expect(init({ device: "webgpu:4000" })).rejects.toMatchObject({
      code: "device_unavailable",
      message: expect.stringMatching(/^webgpu:4000: .*numbered from 0, and there are \d+;/) as string,
    });
    await init({ device: "webgpu" });
  });

  it("has one for low power, another card or the same", async () => {
    await init({ device: "webgpu:low-power" });
    expect(tensor([1, 2]).add(1).dataSync()).toEqual(Float32Array.of(2, 3));
    await init({ device: "webgpu" });
  });

  const image = () => ones([2, 4, 12, 12]).requiresGrad_();
  const uploads = () => binding().uploads?.() ?? Number.NaN;
  const launches = () => binding().launches?.() ?? Number.NaN;

  const tables: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    "an image resized": (x) => F.interpolate(x, { size: [7, 5], mode: "bicubic" }),
    "nearest pixels": (x) => F.interpolate(x, { size: [7, 5], mode: "nearest" }),
    "adaptive pooling": (x) => F.adaptiveAvgPool2d(x, [5, 7]),
    "a slice with steps": (x) => x.slice([0, 0, 0, 0], [2, 4, 12, 12], [1, 1, 2, 3]),
    "a reflected border": (x) => x.pad([0, 0, 0, 0, 1, 2, 2, 1], { mode: "reflect" }),
    projections: (x) => F.radon(x.reshape([8, 12, 12]), { angles: [0, 20, 40] }),
    "a Fourier filter": (x) => F.fourierFilter(x, F.halfSpectrum(x.detach())),
  };
  it.each(Object.entries(tables))("is sent the tables of %s once, and of its gradient", (_, f) => {
    const x = image();
    const call = () => void grad(f(x).sum(), [x]);
    call();
    const before = uploads();
    call();
    expect(uploads()).toBe(before);
  });

  it("counts tensors that are sent", () => {
    const before = uploads();
    tensor([1, 2, 3]);
    expect(uploads()).toBe(before + 1);
  });

  const filters = () => tensor(new Array<number>(108).fill(1), { shape: [3, 4, 3, 3] });
  const long = [0, 0, 0, 0, 0, 0, 600, 668];
  const kernels: Readonly<Record<string, [(x: Tensor) => Tensor, number, number]>> = {
    "a batch norm": [(x) => F.batchNorm(x, { negativeSlope: 0 }), 2, 2],
    "a group norm": [(x) => F.groupNorm(x, 2), 2, 3],
    "a layer norm": [(x) => F.layerNorm(x), 1, 1],
    "pooling by the largest": [(x) => F.maxPool2d(x, 2), 1, 1],
    "pooling by the mean": [(x) => F.avgPool2d(x, 2), 1, 1],
    "samples of an image": [(x) => F.gridSample(x, zeros([2, 5, 5, 2])), 2, 2],
    projections: [(x) => F.radon(x.reshape([8, 12, 12]), { angles: [0, 20, 40] }), 1, 2],
    "a convolution with strides": [(x) => F.conv2d(x, filters(), { stride: [2, 3], padding: 1 }), 1, 1],
    "a smooth activation": [(x) => x.gelu(), 1, 1],
    "the larger of two": [(x) => x.maximum(x.detach()), 1, 1],
    "a choice": [(x) => where(x.detach(), x, x.detach()), 1, 1],
    softmax: [(x) => F.softmax(x), 1, 1],
    "a reflected border": [(x) => x.pad([0, 0, 0, 0, 1, 2, 2, 1], { mode: "reflect" }), 1, 1],
    "a shift of two axes": [(x) => x.roll([1, 2], [2, 3]), 1, 1],
    "windows as columns": [(x) => F.unfold(x, 3), 1, 1],
    "nearest pixels": [(x) => F.interpolate(x, { size: [7, 5], mode: "nearest" }), 1, 1],
    "bilinear pixels": [(x) => F.interpolate(x, { size: [7, 5], mode: "bilinear" }), 2, 2],
    "images joined": [(x) => cat([x, x.detach(), x.detach()], 1), 1, 1],
    "an image padded, and its Fourier transform of 12 x 1,280": [
      (x) => F.fft2(x.reshape([4, 2, 12, 12]).pad(long)),
      4,
      4,
    ],
  };
  it.each(Object.entries(kernels))("takes few kernels for %s, and for its gradient", (_, [f, forward, backward]) => {
    const x = image();
    const start = launches();
    const y = f(x);
    expect(launches() - start).toBe(forward);
    const seed = y.detach().clone();
    const between = launches();
    grad(y, [x], { gradOutputs: [seed] });
    expect(launches() - between).toBe(backward);
  });

  it("takes one kernel for a step of Adam, a running mean and a norm of many tensors", () => {
    const counted = <T>(run: () => T): [T, number] => {
      const before = binding().launches?.() ?? Number.NaN;
      const made = run();
      return [made, (binding().launches?.() ?? Number.NaN) - before];
    };
    const states = [[1, -2], [3]].map((values) => ({
      parameter: tensor(values),
      m: zeros([values.length]),
      v: zeros([values.length]),
    }));
    const gradients = [tensor([0.5, 3]), tensor([-4])];
    const options = { step: 1, lr: 0.1, betas: [0.9, 0.999], eps: 1e-8, factor: tensor([0.5]) } as const;
    const [next, steps] = counted(() => F.adamStep(states, gradients, options));
    expect(steps).toBe(1);
    // The first step is lr in the direction of the sign.
    expect(next.map(({ parameter }) => Array.from(parameter.dataSync()))).toEqual([
      [expect.closeTo(0.9, 5), expect.closeTo(-2.1, 5)],
      [expect.closeTo(3.1, 5)],
    ]);
    const [means, lerps] = counted(() =>
      F.lerp(
        gradients.map((b, i) => ({ a: states[i]!.parameter, b })),
        0.5,
      ),
    );
    expect(lerps).toBe(1);
    expect(means.map((mean) => Array.from(mean.dataSync()))).toEqual([[0.75, 0.5], [-0.5]]);
    const [factor, sums] = counted(() => F.clipFactor(gradients, 1));
    expect(sums).toBe(2);
    expect(factor.dataSync()[0]).toBeCloseTo(1 / Math.hypot(0.5, 3, 4), 5);
  });

  it("takes one launch for a draw on the device", async () => {
    await init({ device: "webgpu", random: "device" });
    const [rng, before] = [new Rng(1), binding().launches?.() ?? Number.NaN];
    rng.normal([100, 100]).dispose();
    expect((binding().launches?.() ?? Number.NaN) - before).toBe(1);
    await init({ device: "webgpu" });
  });
});

describe("tf32", () => {
  it("is passed on with each init, and off by default", async () => {
    await init({ device: "cpu" });
    const asked: boolean[] = [];
    const own = { ...binding(), setTf32: (on: boolean) => void asked.push(on) };
    await init({ binding: own, tf32: true });
    await init({ binding: own });
    expect(asked).toEqual([true, false]);
    await expect(init({ tf32: 1 as never })).rejects.toMatchObject({ code: "invalid_argument" });
  });
});

describe("precision", () => {
  it("is passed on with each init, float32 by default, and refused where there is none", async () => {
    await init({ device: "cpu" });
    await expect(init({ precision: "bf16" })).rejects.toMatchObject({ code: "precision_unavailable" });
    await expect(init({ precision: "f8" as never })).rejects.toMatchObject({ code: "invalid_argument" });
    const asked: string[] = [];
    const { setPrecision, ...none } = binding();
    await expect(init({ binding: none, precision: "f16" })).rejects.toMatchObject({ code: "precision_unavailable" });
    const own = { ...none, setPrecision: (device: string, name: string) => void asked.push(`${device} ${name}`) };
    await init({ binding: own, precision: "f16" });
    await expect(init({ precision: "f16", tf32: true })).rejects.toMatchObject({ code: "invalid_argument" });
    await init({ binding: own });
    expect(asked).toEqual(["cpu f16", "cpu float32"]);
    await init({ binding: { ...none, ...(setPrecision && { setPrecision }) } });
  });
});

describe("random", () => {
  it('is passed on with each init, and "host" by default', async () => {
    await init({ device: "cpu" });
    const asked: boolean[] = [];
    const own = { ...binding(), setRandomOnDevice: (on: boolean) => void asked.push(on) };
    await init({ binding: own, random: "device" });
    await init({ binding: own });
    expect(asked).toEqual([true, false]);
    await expect(init({ random: "gpu" as never })).rejects.toMatchObject({ code: "invalid_argument" });
  });
});
