import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../../ts/io/index.js";
import { DRUNet, FFDNet, LayerNorm2d, type Module, PReLU, SRResNet } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise, PoissonNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory, noGrad, ones, tensor, type Tensor, zeros } from "../../ts/tensor/index.js";
import { gradcheck } from "../../ts/testing/index.js";

type Network = Module & { forward(y: Tensor, sigma?: Tensor): Tensor };

// The cases below are made of tensors.
await init();
const fixtures = await readSafetensors(fileURLToPath(new URL("fixtures/networks.safetensors", import.meta.url)));

const grey = { inChannels: 1, outChannels: 1, nc: [2, 3, 3, 4], nb: 1 } as const;
const small = { nConvLayers: 4, nf: 6 };
const tiny = { numBlocks: 2, imC: 1, feats: 4 };

/** The networks of fixtures/make_networks.py. */
const networks: Readonly<Record<string, () => Network>> = {
  drunet_level: () => new DRUNet(grey),
  drunet_levels: () => new DRUNet({ ...grey, inChannels: 3, outChannels: 3, actMode: "L" }),
  drunet_map: () => new DRUNet({ ...grey, outChannels: 2, actMode: "E" }),
  drunet_small: () => new DRUNet({ ...grey, downsampleMode: "maxpool", upsampleMode: "upconv" }),
  drunet_parts: () => new DRUNet({ ...grey, actMode: "s", downsampleMode: "avgpool", upsampleMode: "pixelshuffle" }),
  ffdnet_level: () => new FFDNet(small),
  ffdnet_levels: () => new FFDNet({ ...small, imgChannels: 3, norm: "batch_norm" }),
  ffdnet_residual: () =>
    new FFDNet({
      ...small,
      norm: "instance_norm",
      residualDenoising: true,
      lastConvBias: false,
      orthogonalInit: false,
    }),
  srresnet: () => new SRResNet(tiny),
  srresnet_instance: () => new SRResNet({ ...tiny, upscale: 2, norm: "instance_norm", actv: "ReLU" }),
  srresnet_layer: () => new SRResNet({ ...tiny, upscale: 2, norm: "layer_norm", finalRelu: true, finalKernelSize: 3 }),
  srresnet_plain: () => new SRResNet({ ...tiny, upscale: 1, norm: null, actv: "SiLU" }),
};

describe("networks of deepinv", () => {
  it.each(Object.keys(networks))("%s has its parameter names and its output", async (name) => {
    const prefix = `${name}/state/`;
    const state = Object.fromEntries(
      Object.entries(fixtures).flatMap(([key, value]) =>
        key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
      ),
    );
    const model = networks[name]!();
    model.eval().loadStateDict(state);
    const [y, sigma, right] = ["y", "sigma", "out"].map((part) => fixtures[`${name}/${part}`]);
    const out = noGrad(() => model.forward(y!, sigma));
    expect(out.shape).toEqual(right!.shape);
    const scale = right!.abs().max().itemSync();
    expect(out.sub(right!).abs().max().itemSync() / scale).toBeLessThan(1e-5);
  });

  it("every network of the fixtures is tested", () => {
    expect(new Set(Object.keys(fixtures).map((key) => key.split("/")[0]))).toEqual(new Set(Object.keys(networks)));
  });
});

describe("the noise level", () => {
  const y = (): Tensor => new Rng(1).uniform([2, 1, 32, 32]);

  it.each([
    ["DRUNet", () => new DRUNet({ ...grey, rng: new Rng(0) })],
    ["FFDNet", () => new FFDNet({ ...small, rng: new Rng(0) })],
  ])("%s: a number, a scalar, one for each image, a map and a physics are the same level", (_, make) => {
    const model = make().eval() as Network & DRUNet;
    const right = model.forward(y(), 0.2).dataSync();
    expect(model.forward(y(), 0.3).dataSync()).not.toEqual(right);
    expect(model.forward(y(), tensor(0.2)).dataSync()).toEqual(right);
    expect(model.forward(y(), tensor([0.2, 0.2])).dataSync()).toEqual(right);
    expect(model.forward(y(), ones([2, 1, 32, 32]).mul(0.2)).dataSync()).toEqual(right);
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.2 }) });
    expect(model.forward(y(), physics).dataSync()).toEqual(right);
  });

  it.each([
    ["none", undefined, "missing_argument", /no second argument/],
    ["that of Poisson noise", new Denoising({ noiseModel: new PoissonNoise() }), "missing_argument", /has no sigma/],
    ["three for two images", () => ones([3]), "shape_mismatch", /expected one value or one for each of the 2 images/],
    ["a map of another size", () => ones([2, 1, 8, 8]), "shape_mismatch", /does not broadcast/],
  ])("refuses %s", (_, given, code, message) => {
    const sigma = typeof given === "function" ? given() : given;
    const call = expect(() => new FFDNet(small).forward(y(), sigma));
    call.toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });

  it("a map for each channel is refused", () => {
    const model = new FFDNet({ ...small, imgChannels: 3 });
    expect(() => model.forward(zeros([1, 3, 8, 8]), ones([1, 3, 8, 8]))).toThrow(/one map for all channels/);
  });
});

describe("derivatives", () => {
  it.each([
    [
      "DRUNet",
      () => new DRUNet({ ...grey, nc: [1, 1, 1, 1], actMode: "s", dtype: "float64", rng: new Rng(3) }),
      [1, 1, 2, 3],
    ],
    ["FFDNet", () => new FFDNet({ ...small, nf: 3, dtype: "float64", rng: new Rng(3) }), [1, 1, 5, 4]],
    [
      "SRResNet",
      () => new SRResNet({ ...tiny, upscale: 2, feats: 2, dtype: "float64", rng: new Rng(3) }),
      [1, 1, 4, 4],
    ],
  ])("%s: by the image and by weights, against finite differences", (_, make, shape) => {
    const model = make() as Network;
    const y = new Rng(4).uniform(shape, { dtype: "float64" });
    const sigma = tensor(0.1, { dtype: "float64" });
    const named = model.namedParameters();
    // The first, the middle and the last weight.
    const chosen = [0, Math.floor(named.length / 2), named.length - 1].map((i) => named[i]![1]);
    const weights = chosen.map((weight) => weight.detach());
    gradcheck((x) => model.forward(x as Tensor, sigma), [y]);
    weights.forEach((weight, i) =>
      gradcheck((w) => withWeight(model, chosen[i]!, w as Tensor, () => model.forward(y, sigma)), [weight]),
    );
  });

  /** Calls `run` with one weight of a model replaced. */
  function withWeight(model: Module, old: Tensor, replacement: Tensor, run: () => Tensor): Tensor {
    const owner = model.modules().find((part) => Object.values(part).includes(old))!;
    const field = Object.entries(owner).find(([, value]) => value === old)![0];
    Object.assign(owner, { [field]: replacement });
    try {
      return run();
    } finally {
      Object.assign(owner, { [field]: old });
    }
  }
});

describe("layers", () => {
  it("PReLU has one slope or one for each channel", () => {
    const x = tensor([[-2, 3, -4, 5]]).reshape([1, 2, 1, 2]);
    expect([...new PReLU().forward(x).dataSync()]).toEqual([-0.5, 3, -1, 5]);
    const each = new PReLU({ numParameters: 2 });
    each.loadStateDict({ weight: tensor([0.5, 2]) });
    expect([...each.forward(x).dataSync()]).toEqual([-1, 3, -8, 5]);
    expect(() => new PReLU({ numParameters: 3 }).forward(x)).toThrow(/expected \[batch, 3, \.\.\.\]/);
  });

  it("LayerNorm2d makes the channels of each pixel of mean 0 and variance 1", () => {
    const out = new LayerNorm2d({ numChannels: 8, eps: 0 }).forward(new Rng(0).normal([2, 8, 3, 3]).mul(3).add(1));
    expect(out.mean(1).abs().max().itemSync()).toBeLessThan(1e-6);
    expect(out.variance(1, false, 0).sub(1).abs().max().itemSync()).toBeLessThan(1e-5);
  });
});

it("FFDNet takes odd sides, and the interior is that of the extended image", () => {
  const model = new FFDNet({ ...small, rng: new Rng(0) }).eval();
  const y = new Rng(1).uniform([1, 1, 7, 9]);
  const wide = y.pad([0, 0, 0, 0, 0, 1, 0, 1], { mode: "replicate" });
  const right = model.forward(wide, 0.1).slice([0, 0, 0, 0], [1, 1, 7, 9]);
  expect(model.forward(y, 0.1).dataSync()).toEqual(right.dataSync());
});

it.each([
  ["DRUNet", () => new DRUNet({ nc: [1, 2, 3] as never })],
  ["DRUNet", () => new DRUNet({ actMode: "X" as never })],
  ["FFDNet", () => new FFDNet({ norm: "layer_norm" as never })],
  ["SRResNet", () => new SRResNet({ upscale: 3 })],
  ["SRResNet", () => new SRResNet({ finalKernelSize: 4 })],
])("%s refuses options that it does not have", (name, make) => {
  expect(make).toThrow(expect.objectContaining({ code: "invalid_argument", message: expect.stringMatching(name) }));
});

it("a forward that fails leaves no tensors", () => {
  const model = new DRUNet(grey);
  const y = zeros([1, 2, 32, 32]);
  const before = memory().tensors;
  expect(() => model.forward(y, 0.1)).toThrow(/expected \[batch, 1, height, width\]/);
  expect(memory().tensors).toBe(before);
});
