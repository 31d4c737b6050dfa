import { describe, expect, it } from "vitest";
import {
  BatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  DnCNN,
  DRUNet,
  FFDNet,
  Linear,
  Module,
  ReLU,
  Sequential,
  UNet,
} from "../../ts/nn/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory, type Tensor } from "../../ts/tensor/index.js";

await init();
const rng = new Rng(0);

describe("Module.summary", () => {
  it("has shapes, parameters and FLOPs of each layer, by hand", () => {
    const model = new Sequential([
      ["conv", new Conv2d({ inChannels: 2, outChannels: 4, kernelSize: 3, stride: 2, padding: 1, groups: 2, rng })],
      ["relu", new ReLU()],
      ["grow", new ConvTranspose2d({ inChannels: 4, outChannels: 3, kernelSize: 2, stride: 2, rng })],
      ["mix", new Linear({ inFeatures: 10, outFeatures: 5, rng })],
    ]);
    const { layers, ...sums } = model.summary({ inputShape: [2, 2, 6, 10] });
    expect(layers).toEqual([
      { name: "", type: "Sequential", depth: 0, outputShape: [2, 3, 6, 5], parameters: 0, flops: 0 },
      // 2 images of 4 x 3 x 5 values, each the sum of 9 products; 4 x 9 weights and 4 biases.
      { name: "conv", type: "Conv2d", depth: 1, outputShape: [2, 4, 3, 5], parameters: 40, flops: 2 * 120 * 9 },
      { name: "relu", type: "ReLU", depth: 1, outputShape: [2, 4, 3, 5], parameters: 0, flops: 0 },
      // Each of the 120 values goes to 3 channels of 2 x 2 pixels.
      {
        name: "grow",
        type: "ConvTranspose2d",
        depth: 1,
        outputShape: [2, 3, 6, 10],
        parameters: 51,
        flops: 2 * 120 * 12,
      },
      // 36 rows of 10 values, 5 sums of each.
      { name: "mix", type: "Linear", depth: 1, outputShape: [2, 3, 6, 5], parameters: 55, flops: 2 * 36 * 5 * 10 },
    ]);
    expect(sums).toMatchObject({ outputShape: [2, 3, 6, 5], parameters: 146, trainable: 146, bytes: 4 * 146 });
    expect(sums.flops).toBe(2 * (120 * 9 + 120 * 12 + 36 * 50));
  });

  it("changes nothing: modes, statistics, functions and tensors are as before", () => {
    const norm = new BatchNorm2d({ numFeatures: 4 });
    const model = new Sequential(new Conv2d({ inChannels: 1, outChannels: 4, kernelSize: 3, rng }), norm, new ReLU());
    norm.eval();
    const before = [...norm.runningMean!.dataSync()];
    const { tensors } = memory();
    model.summary({ inputShape: [1, 1, 8, 8] });
    expect(() => model.summary({ inputShape: [1, 3, 8, 8] })).toThrow(/channel/);
    expect(memory().tensors).toBe(tensors);
    expect([model.training, norm.training]).toEqual([true, false]);
    expect([...norm.runningMean!.dataSync()]).toEqual(before);
    for (const part of model.modules()) expect(Object.getOwnPropertyNames(part)).not.toContain("forward");
  });

  it("a part or a weight with two names counts once in the parameters, and each call in the FLOPs", () => {
    class Twice extends Module {
      readonly first = new Conv2d({ inChannels: 1, outChannels: 1, kernelSize: 3, padding: 1, rng });
      readonly second = this.first;
      readonly idle = new ReLU();
      forward(x: Tensor): Tensor {
        return this.second.forward(this.first.forward(x));
      }
    }
    const model = new Twice();
    model.first.bias!.requiresGrad_(false);
    const { layers, ...sums } = model.summary({ inputShape: [1, 1, 4, 4] });
    expect(layers.map(({ name, parameters, flops }) => [name, parameters, flops])).toEqual([
      ["", 0, 0],
      ["first", 10, 2 * 2 * 16 * 9],
      ["second", 0, 0],
      ["idle", 0, 0],
    ]);
    expect(layers.at(-1)?.outputShape).toBeNull();
    expect(sums).toMatchObject({ parameters: 10, trainable: 9 });
  });

  it("takes networks with a noise level or a physics", () => {
    const small = { inChannels: 1, outChannels: 1, nc: [1, 1, 1, 1], nb: 1, rng } as const;
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    for (const options of [{ sigma: 0.1 }, { physics }]) {
      const summary = new DRUNet(small).summary({ inputShape: [1, 1, 32, 32], ...options });
      expect(summary.outputShape).toEqual([1, 1, 32, 32]);
    }
    expect(() => new FFDNet({ rng }).summary({ inputShape: [1, 1, 8, 8] })).toThrow(/expected the noise level/);
  });

  it("is a table of a tree, without what is deeper than asked, but with its figures in the sums", () => {
    const model = new UNet({ scales: 2, channelsPerScale: [2, 3], rng });
    const { text, parameters } = model.summary({ inputShape: [1, 1, 16, 16], depth: 1 });
    expect(parameters).toBe(model.parameters().reduce((sum, { size }) => sum + size, 0));
    expect(text).toMatch(/^layer +output +parameters +FLOPs\nnetwork: UNet +\[1, 1, 16, 16\]/);
    expect(text).toMatch(/^ {2}conv1: Sequential +\[1, 2, 16, 16\]/im);
    expect(text).not.toMatch(/^ {4}/m);
    expect(text).toMatch(/\d+ parts deeper than 1 are not shown/);
    expect(text).toContain(`${parameters.toLocaleString("en")} parameters`);
  });

  it.each([
    ["no shape", {}, "invalid_argument"],
    ["a size of 0", { inputShape: [1, 0, 4, 4] }, "invalid_argument"],
    ["a noise level below 0", { inputShape: [1, 3, 8, 8], sigma: -1 }, "invalid_argument"],
    ["a depth of 0", { inputShape: [1, 3, 8, 8], depth: 0 }, "invalid_argument"],
    ["an unknown option", { inputShape: [1, 3, 8, 8], batch: 2 }, "unknown_option"],
  ])("refuses %s", (_, options, code) => {
    const model = new DnCNN({ depth: 2, nf: 2, rng });
    expect(() => model.summary(options as never)).toThrow(expect.objectContaining({ code }));
  });
});

describe("Sequential", () => {
  it("names layers, and takes lists, single layers and both", () => {
    const conv = (): Conv2d => new Conv2d({ inChannels: 1, outChannels: 1, kernelSize: 1, bias: false, rng });
    const names = (model: Module): string[] => Object.keys(model.stateDict());
    expect(names(new Sequential([["head", conv()], new ReLU(), ["tail", conv()], conv()]))).toEqual([
      "head.weight",
      "tail.weight",
      "3.weight",
    ]);
    expect(names(new Sequential([conv(), conv()]))).toEqual(["0.weight", "1.weight"]);
    expect(names(new Sequential(conv(), ["tail", conv()]))).toEqual(["0.weight", "tail.weight"]);
    expect(names(new Sequential([["only", conv()]]))).toEqual(["only.weight"]);
    expect(names(new Sequential(["only", conv()]))).toEqual(["only.weight"]);
    expect(names(new Sequential([]))).toEqual([]);
  });

  it.each([
    ["a name with a dot", [["a.b", new ReLU()]], /"a\.b" is not possible: expected a text without dots/],
    ["an empty name", [["", new ReLU()]], /expected a text without dots/],
    [
      "a name twice",
      [
        ["a", new ReLU()],
        ["a", new ReLU()],
      ],
      /two layers have it/,
    ],
    ["the name of a position", [["1", new ReLU()], new ReLU()], /two layers have it/],
    ["a name without a layer", [["a", 3]], /layer 0 is not a module/],
  ])("refuses %s", (_, layers, message) => {
    const call = expect(() => new Sequential(layers as never));
    call.toThrow(expect.objectContaining({ code: "invalid_argument", message: expect.stringMatching(message) }));
  });
});
