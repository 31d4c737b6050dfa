import * as ort from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import { exportOnnx, type ExportableModel, type ExportOnnxOptions } from "../../ts/io/index.js";
import * as nn from "../../ts/nn/index.js";
import { Denoising, GaussianNoise, Inpainting, MRI } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { cat, ones, type Tensor, tensor, tidy } from "../../ts/tensor/index.js";

// The cases below are made of tensors.
await init();
ort.env.wasm.numThreads = 1;

/** The largest difference of ONNX Runtime's output to the network's, relative to the largest value of the latter. */
async function difference(
  model: ExportableModel,
  options: ExportOnnxOptions,
  shape = options.inputShape,
  sigma?: number,
): Promise<number> {
  const session = await ort.InferenceSession.create(await exportOnnx(model, options));
  const x = new Rng(1).normal([...shape]);
  const feeds: Record<string, ort.Tensor> = { input: new ort.Tensor("float32", x.dataSync() as Float32Array, shape) };
  if (sigma !== undefined) feeds["sigma"] = new ort.Tensor("float32", Float32Array.of(sigma), [1]);
  const { output } = await session.run(feeds);
  model.eval();
  const forward = model.forward.bind(model) as (x: Tensor, condition?: unknown) => Tensor;
  const right = forward(x, sigma ?? options.sigma ?? options.physics);
  expect(output!.dims).toEqual(right.shape);
  const values = right.dataSync() as Float32Array;
  const found = output!.data as Float32Array;
  const scale = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return values.reduce((worst, value, i) => Math.max(worst, Math.abs(value - found[i]!)), 0) / scale;
}

const rng = new Rng(0);
const denoising = (): Denoising<GaussianNoise> => new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
const small = (): nn.DnCNN => new nn.DnCNN({ inChannels: 2, outChannels: 2, depth: 3, nf: 4, rng });

/** A batch norm with statistics and weights that are not the initial ones. */
function used<T extends nn.Module>(module: T): T {
  const state = Object.entries(module.stateDict()).map(([name, value]) => [name, value.add(0.5)]);
  module.loadStateDict(Object.fromEntries(state) as nn.StateDict);
  return module;
}

type Case = readonly [model: () => ExportableModel, shape?: readonly number[], options?: Partial<ExportOnnxOptions>];

/** Every module, on `[2, 4, 8, 8]` unless said. */
const modules: Readonly<Record<string, Case>> = {
  AdaptiveAvgPool2d: [() => new nn.AdaptiveAvgPool2d({ outputSize: [2, 4] })],
  ArtifactRemoval: [
    () => new nn.ArtifactRemoval({ backboneNet: small() }),
    [2, 2, 8, 8],
    { physics: new Inpainting({ mask: 0.5, imgSize: [2, 8, 8], rng }) },
  ],
  AutoEncoder: [() => new nn.AutoEncoder({ dimInput: 16, dimMid: 8, dimHid: 4, rng }), [3, 16]],
  AvgPool2d: [() => new nn.AvgPool2d({ kernelSize: 3, stride: 2, padding: 1, countIncludePad: false })],
  BFBatchNorm2d: [() => used(new nn.BFBatchNorm2d({ numFeatures: 4, useBias: true }))],
  BatchNorm2d: [() => used(new nn.BatchNorm2d({ numFeatures: 4 }))],
  Conv2d: [
    () =>
      new nn.Conv2d({
        inChannels: 4,
        outChannels: 6,
        kernelSize: [3, 2],
        stride: [2, 1],
        padding: [2, 1],
        dilation: [1, 2],
        groups: 2,
        paddingMode: "circular",
        rng,
      }),
  ],
  ConvTranspose2d: [
    () =>
      new nn.ConvTranspose2d({
        inChannels: 4,
        outChannels: 6,
        kernelSize: [3, 4],
        stride: [2, 3],
        padding: [1, 0],
        outputPadding: [1, 2],
        groups: 2,
        rng,
      }),
  ],
  DCGANDiscriminator: [() => new nn.DCGANDiscriminator({ ndf: 2, nc: 1, rng }), [2, 1, 64, 64]],
  DCGANGenerator: [() => new nn.DCGANGenerator({ ngf: 2, nc: 1, nz: 4, rng }), [2, 4, 1, 1]],
  DRUNet: [
    () => new nn.DRUNet({ inChannels: 4, outChannels: 4, nc: [2, 2, 3, 3], nb: 1, rng }),
    undefined,
    { sigma: 0.1 },
  ],
  DnCNN: [small, [2, 2, 8, 8]],
  ELU: [() => new nn.ELU({ alpha: 0.7 })],
  ESRGANDiscriminator: [
    () => new nn.ESRGANDiscriminator({ imgSize: [1, 16, 16], filters: [2, 3], rng }),
    [2, 1, 16, 16],
  ],
  FFDNet: [() => new nn.FFDNet({ nConvLayers: 3, nf: 4, imgChannels: 4, rng }), undefined, { sigma: 0.1 }],
  Flatten: [() => new nn.Flatten()],
  GELU: [() => new nn.GELU()],
  GroupNorm: [() => used(new nn.GroupNorm({ numGroups: 2, numChannels: 4 }))],
  Identity: [() => new nn.Identity()],
  InstanceNorm2d: [() => used(new nn.InstanceNorm2d({ numFeatures: 4, affine: true }))],
  LayerNorm2d: [() => used(new nn.LayerNorm2d({ numChannels: 4 }))],
  LeakyReLU: [() => new nn.LeakyReLU()],
  Linear: [() => new nn.Linear({ inFeatures: 8, outFeatures: 3, rng })],
  MaxPool2d: [() => new nn.MaxPool2d({ kernelSize: 3, stride: 2, padding: 1 })],
  MedianFilter: [() => new nn.MedianFilter({ kernelSize: 3 })],
  MoDL: [
    () => new nn.MoDL({ denoiser: small(), numIter: 1 }),
    [2, 2, 8, 8],
    { physics: new Inpainting({ mask: 0.5, imgSize: [2, 8, 8], rng }) },
  ],
  PReLU: [() => new nn.PReLU({ numParameters: 4 })],
  PatchGANDiscriminator: [() => new nn.PatchGANDiscriminator({ inputNc: 1, ndf: 2, nLayers: 2, rng }), [1, 1, 32, 32]],
  PixelShuffle: [() => new nn.PixelShuffle({ factor: 2 })],
  PixelUnshuffle: [() => new nn.PixelUnshuffle({ factor: 2 })],
  ReLU: [() => new nn.ReLU()],
  SRResNet: [() => new nn.SRResNet({ numBlocks: 1, imC: 4, feats: 4, upscale: 2, rng })],
  Sequential: [() => new nn.Sequential(new nn.Tanh(), new nn.ReLU())],
  SiLU: [() => new nn.SiLU()],
  Sigmoid: [() => new nn.Sigmoid()],
  Softplus: [() => new nn.Softplus()],
  SpectralNorm: [
    () => new nn.SpectralNorm({ layer: new nn.Conv2d({ inChannels: 4, outChannels: 2, kernelSize: 3, rng }), rng }),
  ],
  Tanh: [() => new nn.Tanh()],
  TimeAgnosticNet: [() => new nn.TimeAgnosticNet({ backboneNet: small() }), [1, 2, 3, 8, 8]],
  TimeAveragingNet: [
    () => new nn.TimeAveragingNet({ backboneNet: small() }),
    [1, 2, 3, 8, 8],
    { physics: denoising() },
  ],
  UNet: [() => new nn.UNet({ inChannels: 4, outChannels: 4, scales: 2, channelsPerScale: [4, 6], rng })],
  Upsample: [() => new nn.Upsample({ scaleFactor: 2, mode: "bilinear" })],
};

describe("exportOnnx", () => {
  it.each(Object.entries(modules))("%s is the same in ONNX Runtime", async (_, [make, shape, options]) => {
    const inputShape = shape ?? [2, 4, 8, 8];
    expect(await difference(make(), { inputShape, ...options })).toBeLessThan(1e-5);
  });

  it("every module is tested, or refused by name", () => {
    const refused = ["EquivariantReconstructor", "Module"];
    const names = Object.entries(nn).flatMap(([name, value]) =>
      typeof value === "function" && (value === nn.Module || value.prototype instanceof nn.Module) ? [name] : [],
    );
    expect([...Object.keys(modules), ...refused].sort()).toEqual(names.sort());
  });

  it("takes other sizes where they are open, and a noise level", async () => {
    const inputShape = [1, 1, 32, 32];
    const dynamic = ["batch", "height", "width"] as const;
    const unet = new nn.UNet({ scales: 3, channelsPerScale: [2, 3, 4], rng });
    expect(await difference(unet, { inputShape, dynamic }, [3, 1, 24, 40])).toBeLessThan(1e-5);
    const drunet = new nn.DRUNet({ inChannels: 1, outChannels: 1, nc: [2, 3, 3, 4], nb: 1, rng });
    expect(await difference(drunet, { inputShape, dynamic, sigma: "input" }, [2, 1, 40, 48], 0.3)).toBeLessThan(1e-5);
    const ffdnet = new nn.FFDNet({ nConvLayers: 3, nf: 4, rng });
    expect(await difference(ffdnet, { inputShape, dynamic, sigma: "input" }, [2, 1, 10, 6], 0.3)).toBeLessThan(1e-5);
    const srresnet = new nn.SRResNet({ numBlocks: 1, imC: 1, feats: 2, rng });
    expect(await difference(srresnet, { inputShape, dynamic }, [2, 1, 7, 5])).toBeLessThan(1e-5);
  });

  it.each([
    ["bilinear", false, [13, 5]],
    ["bilinear", true, [13, 5]],
    ["bicubic", false, [13, 5]],
    ["nearest", false, [13, 5]],
  ] as const)("interpolation %s, corners %s", async (mode, alignCorners, size) => {
    const model = new nn.Upsample({ size, mode, alignCorners });
    expect(await difference(model, { inputShape: [1, 2, 6, 8] })).toBeLessThan(1e-5);
  });

  it.each(["bilinear", "nearest", "bicubic"] as const)(
    "interpolation %s by a factor of no whole size",
    async (mode) => {
      const model = new nn.Upsample({ scaleFactor: [1.3, 0.6], mode });
      expect(await difference(model, { inputShape: [1, 2, 6, 8] })).toBeLessThan(1e-5);
    },
  );

  it.each([
    ["arithmetic", (x: Tensor) => x.sub(2).div(x.square().add(1)).mul(x.neg().exp()).add(x.abs().add(1).log())],
    ["powers", (x: Tensor) => x.abs().add(0.5).pow(1.5).add(x.square().add(1).rsqrt()).add(x.square().sqrt())],
    ["waves", (x: Tensor) => x.sin().add(x.cos()).add(x.erf()).add(x.abs().log1p())],
    ["steps", (x: Tensor) => x.gt(0).add(x.le(0.5).mul(2)).add(x.sign()).add(x.ne(0)).add(x.mul(3).floor())],
    [
      "bounds",
      (x: Tensor) =>
        x
          .clamp(-0.5, 0.7)
          .add(x.maximum(0.1))
          .add(x.minimum(ones([8]))),
    ],
    [
      "reductions",
      (x: Tensor) =>
        x
          .sub(x.mean(1, true))
          .add(x.max([2, 3], true))
          .add(x.min(0, true))
          .add(x.sum()),
    ],
    ["order", (x: Tensor) => cat([x.flip([2, 3]), x.roll([1, -3], [2, 3]), x.transpose(2, 3)], 1)],
    ["parts", (x: Tensor) => x.slice([0, 1, 2], [2, 4, 8], [1, 2, 3]).permute([0, 2, 3, 1]).flatten(1)],
    [
      "edges",
      (x: Tensor) => x.pad([0, 0, 0, 0, 1, 2, 3, 0], { mode: "reflect" }).pad([0, 0, 0, 0, 1, 1, 1, 1], { value: 2 }),
    ],
    ["products", (x: Tensor) => x.matmul(x.transpose(2, 3)).add(x.variance([1, 2, 3], true))],
  ])("operators of tensors: %s", async (_, forward) => {
    class Own extends nn.Module {
      forward(x: Tensor): Tensor {
        return tidy(() => forward(x));
      }
    }
    expect(await difference(new Own(), { inputShape: [2, 4, 8, 8] })).toBeLessThan(1e-5);
  });

  it("keeps the mode of each part, and the names of weights", async () => {
    const model = small();
    model.convList[0]!.eval();
    const bytes = await exportOnnx(model, { inputShape: [1, 2, 8, 8], metadata: { name: "mine" } });
    expect([model.training, model.convList[0]!.training, model.outConv.training]).toEqual([true, false, true]);
    const text = new TextDecoder("latin1").decode(bytes);
    for (const [name] of model.namedParameters()) expect(text).toContain(name);
    expect(text).toContain("mine");
  });

  class Drawing extends nn.Module {
    forward(x: Tensor): Tensor {
      return x.add(new Rng(Math.floor(Math.random() * 2 ** 32)).normal(x.shape));
    }
  }
  class Reading extends nn.Module {
    forward(x: Tensor): Tensor {
      return x.mul(x.max().itemSync());
    }
  }
  class Fixed extends nn.Module {
    forward(): Tensor {
      return tensor([1, 2]);
    }
  }
  class Sized extends nn.Module {
    forward(x: Tensor): Tensor {
      return x.add(ones([x.shape[2]!, 1]));
    }
  }
  it.each([
    [
      "a model that draws transforms",
      () => new nn.EquivariantReconstructor({ model: small() }),
      { inputShape: [1, 2, 8, 8], physics: denoising() },
      /draws random numbers/,
    ],
    ["random numbers", () => new Drawing(), {}, /draws random numbers/],
    ["values of the input", () => new Reading(), {}, /reads values of its input/],
    ["an output that does not depend on the input", () => new Fixed(), {}, /does not depend on the input/],
    ["a constant of the size of the input", () => new Sized(), { dynamic: ["height"] }, /depends on the sizes/],
  ] as const)("refuses %s", async (_, make, options, message) => {
    const call = exportOnnx(make() as ExportableModel, { inputShape: [1, 1, 8, 8], ...options });
    await expect(call).rejects.toMatchObject({ code: "not_exportable", message: expect.stringMatching(message) });
  });

  it.each([
    ["a shape that is none", { inputShape: [1, 0, 8, 8] }, "invalid_argument"],
    ["an axis that is not one of images", { inputShape: [1, 2, 8, 8], dynamic: ["depth"] }, "invalid_argument"],
    ["an unknown option", { inputShape: [1, 2, 8, 8], dynamics: [] }, "unknown_option"],
  ])("refuses %s", async (_, options, code) => {
    await expect(exportOnnx(small(), options as never)).rejects.toMatchObject({ code });
  });
});

it("an MRI network, whose operator has Fourier transforms, is refused by name", async () => {
  const model = new nn.ArtifactRemoval({ backboneNet: small() });
  const physics = new MRI({ mask: ones([8, 8]), imgSize: [8, 8] });
  const call = exportOnnx(model, { inputShape: [1, 2, 8, 8], physics });
  await expect(call).rejects.toMatchObject({
    code: "not_exportable",
    message: expect.stringMatching(/centredFft|fft/),
  });
});
