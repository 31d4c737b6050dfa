import { beforeAll, describe, expect, it } from "vitest";
import { adamStep } from "../../ts/functional/index.js";
import { Rng } from "../../ts/random/index.js";
import { binding, devices, init } from "../../ts/runtime/index.js";
import { tensor, zeros } from "../../ts/tensor/index.js";

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

  it("takes one kernel for a step of Adam on a parameter", () => {
    const [parameter, m, v] = [tensor([1, -2]), zeros([2]), zeros([2])];
    const gradient = tensor([0.5, 3]);
    const options = { step: 1, lr: 0.1, betas: [0.9, 0.999], eps: 1e-8, weightDecay: 0, decoupled: false } as const;
    const before = binding().launches?.() ?? Number.NaN;
    const next = adamStep({ parameter, m, v }, gradient, options);
    expect((binding().launches?.() ?? Number.NaN) - before).toBe(1);
    // The first step is lr in the direction of the sign.
    expect(Array.from(next.parameter.dataSync())).toEqual([expect.closeTo(0.9, 5), expect.closeTo(-2.1, 5)]);
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
