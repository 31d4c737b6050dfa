import { readFileSync, statSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { DenoisingNetwork } from "../../ts/denoise/denoising-network.js";
import { LevelNetwork, startNetwork } from "../../ts/denoise/network.js";
import { noiseLevels } from "../../ts/denoise/noise-levels.js";
import { functional } from "../../ts/nn/index.js";
import { readPixels } from "../../ts/io/index.js";
import { Denoising, GammaNoise, GaussianNoise, PoissonGaussianNoise, PoissonNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init, wasmBinding, type WasmExports } from "../../ts/runtime/index.js";
import { full, noGrad, type Tensor, tensor, tidy, zeros } from "../../ts/tensor/index.js";

const file = new URL("../../ts/denoise/denoiser.safetensors", import.meta.url);

/** A part of a photograph, `[1, C, size, size]`. */
async function photograph(name: string, size: number): Promise<Tensor> {
  const { data, shape } = await readPixels(`examples/images/${name}.png`);
  const whole = tensor(data, { shape: [1, ...shape] });
  return whole.slice([0, 0, 64, 64], [1, shape[0], 64 + size, 64 + size]).clone();
}

/** The mean squared error of the best Gaussian blur, which is chosen by the clean image. */
function bestBlur(y: Tensor, x: Tensor): number {
  const [batch, channels, rows, columns] = y.shape as [number, number, number, number];
  const planes = y.reshape([batch * channels, 1, rows, columns]);
  const errors = [0.3, 0.5, 0.7, 0.9, 1.2, 1.6, 2.1].map((width) => {
    const line = Float32Array.from({ length: 13 }, (_, k) => Math.exp(-((k - 6) ** 2) / (2 * width ** 2)));
    const weight = tensor(line, { shape: [1, 1, 1, 13] }).div(line.reduce((a, b) => a + b));
    const across = functional.conv2d(planes.pad([0, 0, 0, 0, 0, 0, 6, 6], { mode: "reflect" }), weight);
    const down = across.pad([0, 0, 0, 0, 6, 6, 0, 0], { mode: "reflect" });
    return meanSquare(functional.conv2d(down, weight.transpose(2, 3)).reshape([...y.shape]), x);
  });
  return Math.min(...errors);
}

const meanSquare = (a: Tensor, b: Tensor): number => a.sub(b).square().mean().dataSync()[0] as number;

let model: LevelNetwork;
beforeAll(async () => {
  await init({ device: "cpu" });
  model = await startNetwork();
  model.eval();
});

describe("the weights at the start", () => {
  it("are a small file", () => {
    expect(statSync(file).size).toBeLessThan(1_000_000);
  });

  it.each([
    ["camera", 0.03],
    ["camera", 0.1],
    ["camera", 0.3],
    ["chelsea", 0.1],
  ] as const)("remove noise of %s at level %f better than the best blur", async (name, sigma) => {
    const x = await photograph(name, 96);
    const y = x.add(new Rng(1).normal(x.shape).mul(sigma));
    const restored = noGrad(() => model.forward(y, new Denoising({ noiseModel: new GaussianNoise({ sigma }) })));
    // One decibel less.
    expect(meanSquare(restored, x)).toBeLessThan(0.79 * bestBlur(y, x));
  });

  it("leave an image alone that has no noise", async () => {
    const x = await photograph("camera", 96);
    const restored = noGrad(() => model.forward(x, new Denoising({ noiseModel: new GaussianNoise({ sigma: 0 }) })));
    expect(Math.sqrt(meanSquare(restored, x))).toBeLessThan(2e-3);
  });

  it("remove noise that depends on the image better than the best blur", async () => {
    const x = await photograph("camera", 96);
    for (const noiseModel of [
      new PoissonNoise({ gain: 0.02 }),
      new PoissonGaussianNoise({ gain: 0.01, sigma: 0.05 }),
      new GammaNoise({ l: 20 }),
    ]) {
      const physics = new Denoising({ noiseModel });
      const y = physics.forward(x, { rng: new Rng(2) });
      const restored = noGrad(() => model.forward(y, physics));
      expect(meanSquare(restored, x), noiseModel.kind).toBeLessThan(0.79 * bestBlur(y, x));
    }
  });

  it("take any number of channels and any size", () => {
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    for (const shape of [
      [1, 1, 9, 13],
      [1, 2, 16, 8],
      [2, 3, 24, 17],
      [1, 5, 8, 8],
    ])
      expect(noGrad(() => model.forward(new Rng(0).uniform(shape), physics)).shape).toEqual(shape);
  });

  it("give the same in the WebAssembly module", async () => {
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const restore = async (): Promise<Float32Array> => {
      const network = await startNetwork();
      const y = new Rng(3).uniform([1, 3, 24, 24]);
      return Float32Array.from(noGrad(() => tidy(() => network.eval().forward(y, physics))).dataSync());
    };
    const native = await restore();
    const folder = new URL("../../dist/wasm/", import.meta.url);
    const module = (await import(new URL("adjoint_wasm.js", folder).href)) as WasmExports & {
      initSync(options: { module: Uint8Array }): void;
    };
    module.initSync({ module: readFileSync(new URL("adjoint_wasm_bg.wasm", folder)) });
    try {
      await init({ binding: wasmBinding(module) });
      const wasm = await restore();
      for (const [i, value] of native.entries()) expect(Math.abs(value - (wasm[i] as number))).toBeLessThan(1e-4);
    } finally {
      await init({ device: "cpu" });
      model = await startNetwork();
      model.eval();
    }
  });
});

describe("the level of each pixel", () => {
  it.each([
    new GaussianNoise({ sigma: 0.2 }),
    new PoissonNoise({ gain: 0.05 }),
    new PoissonGaussianNoise({ gain: 0.05, sigma: 0.1 }),
    new GammaNoise({ l: 8 }),
  ])("is the standard deviation of the noise: %o", (noise) => {
    for (const value of [0.2, 0.7]) {
      const x = full([1, 1, 200, 200], value);
      const measured = Math.sqrt(meanSquare(noise.forward(x, { rng: new Rng(4) }), x));
      const expected = noiseLevels(noise, x).mean().dataSync()[0] as number;
      // The standard error of a standard deviation of 40,000 values is 0.4 percent.
      expect(Math.abs(measured / expected - 1)).toBeLessThan(0.02);
    }
  });
});

describe("DenoisingNetwork", () => {
  it("returns its input but for noise: a result of zero leaves the image as it is", () => {
    const network = new DenoisingNetwork({ rng: new Rng(0) });
    for (const parameter of network.greyOut.parameters()) parameter.assign_(zeros(parameter.shape));
    const y = new Rng(1).uniform([1, 1, 16, 16]);
    expect(meanSquare(network.forward(y, full(y.shape, 0.1)), y)).toBe(0);
  });

  it("refuses two channels and levels of another shape by name", () => {
    const network = new DenoisingNetwork({ rng: new Rng(0) });
    const y = zeros([1, 2, 8, 8]);
    expect(() => network.forward(y, y)).toThrow("DenoisingNetwork: image has shape [1, 2, 8, 8]");
    expect(() => network.forward(zeros([1, 1, 8, 8]), zeros([1, 1, 1, 1]))).toThrow("levels [1, 1, 1, 1]");
  });
});
