import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadNative } from "../../ts/runtime/node/add-on.js";
import { init, wasmBinding } from "../../ts/runtime/index.js";
import type { Binding, WasmExports } from "../../ts/runtime/index.js";
import { Rng } from "../../ts/random/index.js";
import { DnCNN, functional } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { SureGaussianLoss } from "../../ts/loss/index.js";
import { grad, memory, tensor, tidy } from "../../ts/tensor/index.js";

/** The WebAssembly module that `npm run build:wasm` builds, as a binding. */
async function loadWasm(): Promise<Binding> {
  const folder = new URL("../../dist/wasm/", import.meta.url);
  const module = (await import(new URL("adjoint_wasm.js", folder).href)) as WasmExports & {
    initSync(options: { module: Uint8Array }): void;
  };
  module.initSync({ module: readFileSync(new URL("adjoint_wasm_bg.wasm", folder)) });
  return wasmBinding(module);
}

type Result = Record<string, Float32Array | Float64Array>;
const results: Record<"native" | "wasm", Result> = { native: {}, wasm: {} };

/** A small convolution and its gradients, a SURE step of a small DnCNN, and random draws. */
function compute(): Result {
  return tidy(() => {
    const rng = new Rng(3);
    const x = rng.normal([2, 3, 7, 5]).requiresGrad_();
    const weight = rng.normal([4, 3, 3, 3]).requiresGrad_();
    const bias = rng.normal([4]).requiresGrad_();
    const y = functional.conv2d(x, weight, { bias, stride: 2, padding: 1 });
    const gradients = grad(y.square().sum(), [x, weight, bias]);
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 8, rng: new Rng(1) });
    const measurement = physics.forward(new Rng(2).uniform([1, 1, 12, 12]), { rng: new Rng(4) });
    const xNet = model.forward(measurement, physics);
    const loss = new SureGaussianLoss({ sigma: 0.1 }).forward({
      xNet,
      y: measurement,
      physics,
      model,
      rng: new Rng(5),
    });
    const out: Result = {
      y: y.dataSync(),
      loss: loss.dataSync(),
      state: Float64Array.from(rng.state(), (c) => c.charCodeAt(0)),
    };
    gradients.forEach((g, i) => (out[`gradient ${i}`] = g.dataSync()));
    grad(loss.mean(), model.parameters()).forEach((g, i) => (out[`loss gradient ${i}`] = g.dataSync()));
    out["random normal"] = new Rng(9).normal([100]).dataSync();
    out["random gamma"] = new Rng(9).gamma(2.5, 1, [100]).dataSync();
    out["random poisson"] = new Rng(9).poisson(tensor(new Float32Array(100).fill(12))).dataSync();
    return out;
  });
}

describe("the WebAssembly module agrees with the native add-on", () => {
  beforeAll(async () => {
    await init({ binding: loadNative("cpu") });
    results.native = compute();
    await init({ binding: await loadWasm() });
    results.wasm = compute();
  });
  afterAll(async () => {
    await init({ binding: loadNative("cpu") });
  });

  it("in values and gradients of a convolution and of a SURE step, within 1e-5 of the largest entry", () => {
    const names = Object.keys(results.native).filter((name) => !name.startsWith("random") && name !== "state");
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      const [expected, got] = [results.native[name]!, results.wasm[name]!];
      expect(got.length, name).toBe(expected.length);
      const scale = Math.max(...Array.from(expected, Math.abs));
      expect(scale, name).toBeGreaterThan(0);
      expected.forEach((v: number, i: number) =>
        expect(Math.abs(v - got[i]!), `${name}[${i}]`).toBeLessThanOrEqual(1e-5 * scale),
      );
    }
  });

  it("in random streams, bit for bit", () => {
    for (const name of ["random normal", "random gamma", "random poisson", "state"])
      expect(results.wasm[name], name).toEqual(results.native[name]);
  });

  it("errors arrive as this library's classes, and the module keeps working", () => {
    expect(() => tensor([1, 2]).add(tensor([1, 2, 3]))).toThrow(expect.objectContaining({ name: "ShapeError" }));
    expect(tensor([1, 2]).add(1).dataSync()).toEqual(Float32Array.of(2, 3));
  });

  it("forceKernel selects the convolution kernel: burn's agrees up to rounding", async () => {
    const { forceKernel } = (await import(new URL("../../dist/wasm/adjoint_wasm.js", import.meta.url).href)) as {
      forceKernel(name: string): void;
    };
    const convolve = () =>
      tidy(() => {
        const rng = new Rng(6);
        return functional.conv2d(rng.normal([2, 16, 24, 24]), rng.normal([16, 16, 3, 3]), { padding: 1 }).dataSync();
      });
    const ours = convolve();
    forceKernel("burn");
    const burns = convolve();
    forceKernel("auto");
    expect(convolve()).toEqual(ours);
    expect(burns).not.toEqual(ours);
    const scale = Math.max(...Array.from(ours, Math.abs));
    ours.forEach((v: number, i: number) => expect(Math.abs(v - burns[i]!)).toBeLessThanOrEqual(1e-5 * scale));
    expect(() => forceKernel("fastest")).toThrow(/forceKernel: there is no kernel fastest/);
  });

  it("values are read asynchronously, and tensors are freed", async () => {
    const before = memory();
    const t = tensor([1, 2, 3]);
    expect(await t.data()).toEqual(Float32Array.of(1, 2, 3));
    expect(memory()).toEqual({ tensors: before.tensors + 1, bytes: before.bytes + 12 });
    t.dispose();
    expect(memory()).toEqual(before);
  });
});
