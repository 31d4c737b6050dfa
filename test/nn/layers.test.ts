import { beforeAll, describe, expect, it } from "vitest";
import { init } from "../../ts/runtime/index.js";
import { grad, memory, noGrad, ones, tensor, tidy, zeros } from "../../ts/tensor/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import { Rng } from "../../ts/random/index.js";
import { gradcheck } from "../../ts/testing/index.js";
import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  BatchNorm2d,
  BFBatchNorm2d,
  Conv2d,
  ConvTranspose2d,
  DCGANGenerator,
  DnCNN,
  ELU,
  Flatten,
  functional,
  GELU,
  GroupNorm,
  InstanceNorm2d,
  LeakyReLU,
  Linear,
  MaxPool2d,
  PixelShuffle,
  PixelUnshuffle,
  PReLU,
  ReLU,
  Sequential,
  Sigmoid,
  SiLU,
  Softplus,
  SpectralNorm,
  Tanh,
  UNet,
  Upsample,
} from "../../ts/nn/index.js";

beforeAll(async () => {
  await init();
});

const values = (t: Tensor): number[] => [...t.dataSync()];
const near = (got: number[], expected: number[], tolerance = 1e-5): void => {
  expect(got).toHaveLength(expected.length);
  got.forEach((g, i) =>
    expect(Math.abs(g - expected[i]!), `entry ${i}: ${g} against ${expected[i]}`).toBeLessThan(
      tolerance * (1 + Math.abs(expected[i]!)),
    ),
  );
};

describe("layers", () => {
  it("draw their weights within PyTorch's bounds, the same for the same seed", () => {
    const a = new Conv2d({ inChannels: 3, outChannels: 16, kernelSize: 3, rng: new Rng(5) });
    const b = new Conv2d({ inChannels: 3, outChannels: 16, kernelSize: 3, rng: new Rng(5) });
    expect(values(a.weight)).toEqual(values(b.weight));
    const bound = 1 / Math.sqrt(27);
    expect(Math.max(...values(a.weight).map(Math.abs))).toBeLessThanOrEqual(bound);
    expect(Math.max(...values(a.weight).map(Math.abs))).toBeGreaterThan(0.9 * bound);
    const net = new DnCNN({ depth: 3, nf: 32, rng: new Rng(0) });
    const w = values(net.convList[0]!.weight);
    const variance = w.reduce((s, v) => s + v * v, 0) / w.length;
    expect(variance).toBeGreaterThan((0.9 * 2) / 288);
    expect(variance).toBeLessThan((1.1 * 2) / 288);
    expect(values(net.inConv.weight).slice(0, 9)).not.toEqual(w.slice(0, 9));
  });

  it("without rng have different weights, even with equal options", () => {
    const makers = [
      () => new Conv2d({ inChannels: 2, outChannels: 3, kernelSize: 3 }),
      () => new ConvTranspose2d({ inChannels: 2, outChannels: 3, kernelSize: 3 }),
      () => new Linear({ inFeatures: 4, outFeatures: 5 }),
      () => new DnCNN({ depth: 2, nf: 4 }).inConv,
    ];
    for (const make of makers) {
      const [a, b] = [make(), make()];
      expect(values(a.weight)).not.toEqual(values(b.weight));
      if (a.bias) expect(values(a.bias)).not.toEqual(values(b.bias!));
    }
    const norms = [0, 0].map(() => new SpectralNorm({ layer: makers[2]!() as Linear }));
    expect(values(norms[0]!.weightU)).not.toEqual(values(norms[1]!.weightU));
  });

  it("Conv2d fills the border in every mode", () => {
    const x = tensor([
      [
        [
          [1, 2, 3],
          [4, 5, 6],
          [7, 8, 9],
        ],
      ],
    ]);
    for (const paddingMode of ["zeros", "circular", "reflect", "replicate"] as const) {
      const layer = new Conv2d({
        inChannels: 1,
        outChannels: 1,
        kernelSize: 3,
        padding: 1,
        bias: false,
        paddingMode,
        rng: new Rng(0),
      });
      layer.weight.assign_(
        tensor([
          [
            [
              [1, 0, 0],
              [0, 0, 0],
              [0, 0, 0],
            ],
          ],
        ]),
      );
      const corner = { zeros: 0, circular: 9, reflect: 5, replicate: 1 }[paddingMode];
      expect(values(layer.forward(x))[0]).toBe(corner);
    }
    const same = new Conv2d({ inChannels: 1, outChannels: 1, kernelSize: 4, padding: "same", rng: new Rng(0) });
    expect(same.forward(x).shape).toEqual([1, 1, 3, 3]);
  });

  it("ConvTranspose2d is the adjoint of Conv2d", () => {
    const rng = new Rng(1);
    const w = rng.normal([4, 2, 3, 3]);
    const [x, v] = [rng.normal([1, 2, 7, 7]), rng.normal([1, 4, 3, 3])];
    const forward = functional.conv2d(x, w, { stride: 2 });
    expect(forward.shape).toEqual(v.shape);
    near([forward.mul(v).sum().itemSync()], [functional.convTranspose2d(v, w, { stride: 2 }).mul(x).sum().itemSync()]);
    expect(
      new ConvTranspose2d({ inChannels: 4, outChannels: 2, kernelSize: 4, stride: 2, padding: 1 }).forward(v).shape,
    ).toEqual([1, 2, 6, 6]);
  });

  it("Linear multiplies the last dimension", () => {
    const layer = new Linear({ inFeatures: 2, outFeatures: 3, rng: new Rng(0) });
    layer.weight.assign_(
      tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    );
    layer.bias!.assign_(tensor([1, 1, 1]));
    expect(values(layer.forward(tensor([[1, 1]])))).toEqual([4, 8, 12]);
    expect(layer.forward(tensor([1, 1])).shape).toEqual([3]);
    expect(layer.forward(ones([2, 5, 2])).shape).toEqual([2, 5, 3]);
    expect(layer.forward(ones([0, 2])).shape).toEqual([0, 3]);
    // One output, to which a longer bias would broadcast.
    const wrong: [Tensor, Tensor, Tensor | null, string][] = [
      [ones([4, 2]), ones([1, 2]), ones([3]), "linear: bias has shape [3], expected [1] for weight [1, 2]."],
      [ones([4, 2]), ones([1, 2]), ones([1, 1]), "linear: bias has shape [1, 1], expected [1] for weight [1, 2]."],
      [
        ones([4, 2]),
        ones([3]),
        null,
        "linear: input has shape [4, 2] and weight [3], expected [..., in] and [out, in].",
      ],
      [ones([]), ones([1, 2]), null, "linear: input has shape [] and weight [1, 2], expected [..., in] and [out, in]."],
    ];
    for (const [x, weight, bias, message] of wrong)
      expect(() => functional.linear(x, weight, { bias })).toThrow(
        expect.objectContaining({ code: "shape_mismatch", message }),
      );
  });

  it("PReLU has its slope as gradient at 0, as a leaky ReLU of that slope", () => {
    const x = tensor([-2, 0, 3], { shape: [1, 1, 3], requiresGrad: true });
    const layer = new PReLU({ init: 0.5 });
    expect(values(layer.forward(x))).toEqual([-1, 0, 3]);
    const [dx, slope] = grad(layer.forward(x).sum(), [x, layer.weight]);
    expect(values(dx!)).toEqual(values(grad(x.leakyRelu(0.5).sum(), [x])[0]!));
    expect(values(dx!)).toEqual([0.5, 0.5, 1]);
    expect(values(slope!)).toEqual([-2]);
  });

  it("activations follow their formulas", () => {
    const x = tensor([-2, -0.5, 0.5, 2]);
    const of = (f: (v: number) => number): number[] => values(x).map(f);
    near(
      values(new ReLU().forward(x)),
      of((v) => Math.max(v, 0)),
    );
    near(
      values(new LeakyReLU({ negativeSlope: 0.2 }).forward(x)),
      of((v) => (v > 0 ? v : 0.2 * v)),
    );
    near(
      values(new ELU({ alpha: 2 }).forward(x)),
      of((v) => (v > 0 ? v : 2 * Math.expm1(v))),
    );
    near(values(new Tanh().forward(x)), of(Math.tanh));
    near(
      values(new Sigmoid().forward(x)),
      of((v) => 1 / (1 + Math.exp(-v))),
    );
    near(
      values(new Softplus().forward(x)),
      of((v) => Math.log1p(Math.exp(v))),
    );
    near(
      values(new SiLU().forward(x)),
      of((v) => v / (1 + Math.exp(-v))),
    );
    near(values(new GELU().forward(x)), [-0.04550026, -0.15426877, 0.34573123, 1.9544997]);
    near([functional.softmax(x, 0).sum().itemSync()], [1]);
  });

  it("pool, resize and rearrange", () => {
    const x = tensor([
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ]);
    expect(values(new MaxPool2d({ kernelSize: 2 }).forward(x))).toEqual([4]);
    expect(values(new AvgPool2d({ kernelSize: 2 }).forward(x))).toEqual([2.5]);
    expect(values(new AdaptiveAvgPool2d({ outputSize: 1 }).forward(x))).toEqual([2.5]);
    expect(values(new Upsample({ scaleFactor: 2 }).forward(x))).toEqual([
      1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4,
    ]);
    const y = new Rng(0).normal([1, 4, 2, 3]);
    expect(values(new PixelUnshuffle({ factor: 2 }).forward(new PixelShuffle({ factor: 2 }).forward(y)))).toEqual(
      values(y),
    );
    expect(new Flatten().forward(y).shape).toEqual([1, 24]);
    expect(() => new Upsample({}).forward(x)).toThrow("either size or scaleFactor");
    expect(() => new Upsample({ scaleFactor: 2, mode: "cubic" as never }).forward(x)).toThrow(
      'expected one of "nearest", "bilinear", "bicubic"',
    );
  });

  it("resizing by a factor of no whole size puts each pixel where the factor says, as PyTorch does", () => {
    const [side, factor] = [7, 1.6];
    const ramp = tensor(Array.from({ length: side }, (_, i) => i)).reshape([1, 1, 1, side]);
    const at = Array.from({ length: Math.floor(side * factor) }, (_, i) => (i + 0.5) / factor - 0.5);
    const resized = (mode: "nearest" | "bilinear" | "bicubic"): number[] =>
      values(new Upsample({ scaleFactor: [1, factor], mode }).forward(ramp));
    // A linear function stays one, but for what is beyond the border.
    near(
      resized("bilinear"),
      at.map((v) => Math.min(Math.max(v, 0), side - 1)),
      1e-5,
    );
    // PyTorch's numbers: the cubic of a = -3/4 bends lines.
    near(
      resized("bicubic"),
      [-0.092834, 0.34906, 1.088135, 1.647217, 2.352783, 2.911865, 3.547119, 4.235107, 4.764893, 5.53363, 6.041199],
      1e-5,
    );
    expect(resized("nearest")).toEqual(at.map((_, i) => Math.floor(i / factor)));
    const corners = new Upsample({ scaleFactor: factor, mode: "bilinear", alignCorners: true });
    near(
      values(corners.forward(ramp.expand([1, 1, side, side]))).slice(0, 11),
      at.map((_, i) => (i * (side - 1)) / 10),
      1e-5,
    );
    const x = new Rng(3).normal([1, 1, 5, 4], { dtype: "float64" });
    gradcheck(
      (u) =>
        functional
          .interpolate(u, { scaleFactor: [1.3, 0.6], mode: "bicubic" })
          .square()
          .sum(),
      [x],
    );
    expect(() => functional.interpolate(x, { scaleFactor: 1e5 + 0.1 })).toThrow(/a side of the result/);
  });

  it("group and instance norms give mean 0 and variance 1", () => {
    const x = new Rng(2).normal([2, 4, 5, 5]).mul(3).add(1);
    const y = new InstanceNorm2d({ numFeatures: 4 }).forward(x);
    near(values(y.mean([2, 3])), new Array<number>(8).fill(0), 1e-4);
    near(values(y.square().mean([2, 3])), new Array<number>(8).fill(1), 1e-4);
    const g = new GroupNorm({ numGroups: 2, numChannels: 4 }).forward(x);
    near(values(g.reshape([2, 2, 50]).mean(2)), new Array<number>(4).fill(0), 1e-4);
    expect(new InstanceNorm2d({ numFeatures: 4 }).parameters()).toHaveLength(0);
  });

  it("the Fourier transform inverts in every norm", () => {
    const x = new Rng(2).normal([1, 2, 5, 6]);
    for (const norm of ["backward", "ortho", "forward"] as const)
      near(values(functional.ifft2(functional.fft2(x, { norm }), { norm })), values(x), 1e-4);
    const last = new Rng(2).normal([3, 4, 2]);
    near(
      values(functional.fft2(last, { complexDim: 2, dims: [0, 1] }).slice([0, 0, 0], [1, 1, 1])),
      [last.slice([0, 0, 0], [3, 4, 1]).sum().itemSync()],
      1e-4,
    );
    for (const wrong of [{ complexDim: 4 }, { dims: [-5, 1] }, { dims: [0.5] }])
      expect(() => functional.fft2(x, wrong)).toThrow(expect.objectContaining({ code: "invalid_axis" }));
  });
});

describe("batch norm", () => {
  it("updates its statistics in training only, off the tape", () => {
    const bn = new BatchNorm2d({ numFeatures: 1 });
    const x = tensor([1, 2, 3, 6], { shape: [2, 1, 1, 2] });
    const y = bn.forward(x);
    near(
      values(y),
      [-2, -1, 0, 3].map((v) => v / Math.sqrt(3.5 + 1e-5)),
    );
    near(values(bn.runningMean!), [0.3]);
    near(values(bn.runningVar!), [0.9 + 0.1 * (14 / 3)]);
    expect(bn.runningMean!.requiresGrad).toBe(false);
    bn.eval();
    near(
      values(bn.forward(x)),
      [1, 2, 3, 6].map((v) => (v - 0.3) / Math.sqrt(0.9 + 1.4 / 3 + 1e-5)),
    );
    near(values(bn.runningMean!), [0.3]);
    const [g] = grad(bn.forward(x).sum(), [bn.weight!]);
    expect(g!.shape).toEqual([1]);
  });

  it("bias-free scales without shifting", () => {
    const bn = new BFBatchNorm2d({ numFeatures: 1 });
    near(
      values(bn.forward(tensor([1, 2, 3, 6], { shape: [2, 1, 1, 2] }))),
      [1, 2, 3, 6].map((v) => v / (Math.sqrt(14 / 3) + 1e-5)),
    );
    near(values(bn.runningMean!), [0]);
    expect(
      bn.forward(
        ones([2, 1, 2, 2]).mul(
          tensor([
            [
              [
                [1, 2],
                [3, 4],
              ],
            ],
          ]),
        ),
      ).shape,
    ).toEqual([2, 1, 2, 2]);
  });

  it("refuses one value for each channel in training mode, and keeps its statistics", () => {
    for (const Norm of [BatchNorm2d, BFBatchNorm2d]) {
      const bn = new Norm({ numFeatures: 2 });
      const x = tensor([1, 2], { shape: [1, 2, 1, 1] });
      expect(() => bn.forward(x)).toThrow(
        expect.objectContaining({ code: "shape_mismatch", message: expect.stringContaining("one value") as string }),
      );
      expect(() => bn.forward(zeros([0, 2, 3, 3]))).toThrow(/^(BF)?BatchNorm2d: .* no values for each channel/);
      expect([values(bn.runningMean!), values(bn.runningVar!)]).toEqual([
        [0, 0],
        [1, 1],
      ]);
      near(values(bn.eval().forward(x)), [1, 2], 4);
    }
  });

  it("leaks nothing over 50 passes", () => {
    const net = new UNet({ scales: 2, channelsPerScale: [2, 3], rng: new Rng(0) });
    const x = new Rng(0).normal([2, 1, 8, 8]);
    const pass = (): void => tidy(() => void net.forward(x).sum());
    pass();
    const before = memory();
    for (let i = 0; i < 50; i++) pass();
    expect(memory()).toEqual(before);
  });
});

describe("models", () => {
  it("a UNet takes sizes that its scales do not divide", () => {
    const net = new UNet({ scales: 3, channelsPerScale: [2, 3, 4], batchNorm: false, rng: new Rng(0) });
    expect(net.forward(ones([1, 1, 7, 10])).shape).toEqual([1, 1, 7, 10]);
    expect(
      new UNet({ inChannels: 1, outChannels: 2, scales: 2, channelsPerScale: [2, 3] }).forward(ones([1, 1, 4, 4]))
        .shape,
    ).toEqual([1, 2, 4, 4]);
  });

  it("a DCGAN generator makes images of its size", () => {
    const net = new DCGANGenerator({ nz: 4, ngf: 2, nc: 1, rng: new Rng(0) });
    expect(net.forward(zeros([2, 4, 1, 1])).shape).toEqual([2, 1, 64, 64]);
  });

  it("the gradients of DnCNN agree with finite differences", () => {
    const net = new DnCNN({ inChannels: 1, outChannels: 1, depth: 4, nf: 3, rng: new Rng(4), dtype: "float64" });
    const x = new Rng(5).normal([2, 1, 5, 6], { dtype: "float64" });
    const c = new Rng(6).normal([2, 1, 5, 6], { dtype: "float64" });
    const value = (): Tensor => net.forward(x).mul(c).sum();
    const parameters = net.parameters();
    const grads = grad(value(), parameters);
    const step = 1e-6;
    parameters.forEach((p, i) => {
      const at = values(p);
      const k = Math.floor(at.length / 2);
      const moved = (delta: number): number => {
        p.assign_(
          tensor(
            Float64Array.from(at, (v, j) => (j === k ? v + delta : v)),
            { shape: [...p.shape] },
          ),
        );
        return noGrad(() => value().itemSync());
      };
      const slope = (moved(step) - moved(-step)) / (2 * step);
      p.assign_(tensor(Float64Array.from(at), { shape: [...p.shape] }));
      near([values(grads[i]!)[k]!], [slope], 1e-7);
    });
    const sequential = new Sequential(
      new Conv2d({ inChannels: 1, outChannels: 2, kernelSize: 3, rng: new Rng(0) }),
      new ReLU(),
    );
    expect(sequential.namedParameters().map(([name]) => name)).toEqual(["0.weight", "0.bias"]);
  });

  it("fuse a ReLU with the convolution or batch norm before it: same values, derivatives and statistics", () => {
    const rng = new Rng(4);
    const like = { dtype: "float64" as const };
    for (const [activation, apply] of [
      [new ReLU(), (x: Tensor) => x.relu()],
      [new LeakyReLU({ negativeSlope: 0.2 }), (x: Tensor) => x.leakyRelu(0.2)],
    ] as const) {
      const conv = new Conv2d({
        inChannels: 2,
        outChannels: 3,
        kernelSize: 3,
        padding: 1,
        paddingMode: "reflect",
        rng,
        ...like,
      });
      const norm = new BatchNorm2d({ numFeatures: 3, ...like });
      const twin = new BatchNorm2d({ numFeatures: 3, ...like });
      const x = rng.normal([2, 2, 5, 4], like).requiresGrad_();
      const weights = [x, conv.weight, conv.bias!];
      const together = (): Tensor => new Sequential(conv, activation, norm, activation).forward(x);
      const apart = (): Tensor => apply(twin.forward(apply(conv.forward(x))));
      const derivatives = (f: () => Tensor): number[] => {
        const first = grad(f().square().sum(), weights, { createGraph: true });
        const second = grad(
          first.map((g) => g.square().sum()).reduce((a, b) => a.add(b)),
          weights,
        );
        return [...first, ...second].flatMap(values);
      };
      near(values(together()), values(apart()), 1e-12);
      near(derivatives(together), derivatives(apart), 1e-9);
      near(values(norm.runningVar!), values(twin.runningVar!), 1e-12);
      near(values(norm.runningMean!), values(twin.runningMean!), 1e-12);
      norm.eval();
      twin.eval();
      near(values(together()), values(apart()), 1e-12);
    }
  });

  it("use the forward of a subclass, also before a ReLU", () => {
    class Doubled extends Conv2d {
      override forward(x: Tensor): Tensor {
        return super.forward(x).mul(2);
      }
    }
    const options = { inChannels: 1, outChannels: 2, kernelSize: 3, rng: new Rng(1) };
    const x = new Rng(2).normal([1, 1, 5, 5]);
    const plain = new Sequential(new Conv2d({ ...options, rng: new Rng(1) }), new ReLU()).forward(x);
    near(
      values(new Sequential(new Doubled({ ...options, rng: new Rng(1) }), new ReLU()).forward(x)),
      values(plain.mul(2)),
    );
    class Shifted extends ReLU {
      override forward(y: Tensor): Tensor {
        return super.forward(y).add(1);
      }
    }
    near(
      values(new Sequential(new Conv2d({ ...options, rng: new Rng(1) }), new Shifted()).forward(x)),
      values(plain.add(1)),
    );
  });
});
