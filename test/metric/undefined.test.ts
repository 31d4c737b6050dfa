import { beforeAll, describe, expect, it } from "vitest";
import {
  CosineSimilarity,
  ERGAS,
  LpNorm,
  type Metric,
  MSE,
  NMSE,
  NRMSE,
  PSNR,
  SNR,
  SpectralAngleMapper,
  SSIM,
} from "../../ts/metric/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { gradcheck } from "../../ts/testing/index.js";
import { cat, full, grad, tensor, type Tensor, where, zeros } from "../../ts/tensor/index.js";

beforeAll(() => init({ device: "cpu" }));

const float64 = { dtype: "float64" } as const;
const shape = [1, 3, 12, 12];
const image = (seed: number): Tensor => new Rng(seed).uniform(shape, float64).add(0.1);
const black = (): Tensor => zeros(shape, float64);
const flat = (value: number): Tensor => full(shape, value, float64);
const slope = (metric: Metric, xNet: Tensor, x: Tensor): number[] => {
  const leaf = xNet.detach().requiresGrad_();
  return Array.from((grad(metric.forward(leaf, x).sum(), [leaf])[0] as Tensor).dataSync(), (v) => v + 0);
};

type Make = (options: { reduction?: "mean" | "sum"; trainLoss?: boolean }) => Metric;
const cases: [string, Make, Tensor | (() => Tensor)][] = [
  ["NMSE of zeros", (o) => new NMSE(o), black],
  ["NRMSE of zeros", (o) => new NRMSE(o), black],
  ["SNR of zeros", (o) => new SNR(o), black],
  ["ERGAS of zeros", (o) => new ERGAS({ factor: 4, ...o }), black],
  ["SpectralAngleMapper of zeros", (o) => new SpectralAngleMapper(o), black],
  [
    "PSNR of a flat image, both ends automatic",
    (o) => new PSNR({ maxPixel: null, minPixel: null, ...o }),
    () => flat(0.3),
  ],
  ["PSNR of a black image, maximum automatic", (o) => new PSNR({ maxPixel: null, ...o }), black],
  [
    "SSIM of a flat image, both ends automatic",
    (o) => new SSIM({ maxPixel: null, minPixel: null, ...o }),
    () => flat(0.3),
  ],
  ["SSIM of a negative image, maximum automatic", (o) => new SSIM({ maxPixel: null, ...o }), () => flat(-1)],
];

describe.each(cases)("%s", (_, make, reference) => {
  const x = (): Tensor => (typeof reference === "function" ? reference() : reference);

  it("is NaN, whatever the reconstruction, with gradient zero", () => {
    for (const xNet of [image(1), x(), black()]) {
      expect(make({}).forward(xNet, x()).itemSync()).toBeNaN();
      expect(slope(make({}), xNet, x())).toEqual(new Array(432).fill(0));
    }
  });

  it("is left out of means and sums over the batch, and is 0 in a training loss", () => {
    const batch = (image: Tensor): [Tensor, Tensor] => [
      cat([image, image], 0),
      cat([x(), x().mul(0).add(image).add(0.5)], 0),
    ];
    const [xNet, references] = batch(image(1));
    const alone = make({}).forward(image(1), references.slice([1, 0, 0, 0], [2, ...shape.slice(1)]));
    const defined = alone.itemSync();
    expect(defined).not.toBeNaN();
    expect(make({}).forward(xNet, references).dataSync()).toEqual(Float64Array.of(NaN, defined));
    expect(make({ reduction: "mean" }).forward(xNet, references).itemSync()).toBeCloseTo(defined, 12);
    expect(make({ reduction: "sum" }).forward(xNet, references).itemSync()).toBeCloseTo(defined, 12);
    const loss = make({ trainLoss: true }).forward(xNet, references).dataSync();
    expect(loss[0]).toBe(0);
    expect(slope(make({ reduction: "mean" }), xNet, references).slice(432)).toEqual(
      slope(make({}), image(1), references.slice([1, 0, 0, 0], [2, ...shape.slice(1)])),
    );
  });

  it("alone in a batch: the mean is NaN, a training loss 0, both with gradient zero", () => {
    const metric = make({ reduction: "mean" });
    expect(metric.forward(image(1), x()).itemSync()).toBeNaN();
    expect(slope(metric, image(1), x())).toEqual(new Array(432).fill(0));
    const loss = make({ reduction: "mean", trainLoss: true });
    expect(loss.forward(image(1), x()).itemSync()).toBe(0);
    expect(slope(loss, image(1), x())).toEqual(new Array(432).fill(0));
  });

  it("does not hide a reconstruction that is NaN", () => {
    const broken = image(1).mul(NaN);
    const other = image(2);
    expect(
      make({ reduction: "mean" })
        .forward(cat([image(1), broken], 0), cat([x(), other], 0))
        .itemSync(),
    ).toBeNaN();
  });
});

describe("parts of an image that the reference leaves undefined", () => {
  const pixels = (...rows: number[][]): Tensor =>
    tensor(rows.flat(), { shape: [1, rows.length, 1, rows[0]?.length ?? 0], ...float64 });

  it("spectral angle: the mean is over pixels that are not black in the reference", () => {
    const x = pixels([1, 0, 2], [0, 0, 0]);
    const xNet = pixels([1, 5, 1], [1, 5, 0]);
    const metric = new SpectralAngleMapper();
    expect(metric.forward(xNet, x).itemSync()).toBeCloseTo(Math.PI / 4 / 2, 12);
    // d angle / d(a, b) at (1, 1) is (-1/2, 1/2), and the mean is over two pixels.
    expect(slope(metric, xNet, x)).toEqual([-0.25, 0, 0, 0.25, 0, 0].map((v) => expect.closeTo(v, 10)));
  });

  it("spectral angle: where only the reconstruction is black, a right angle without gradient", () => {
    const [x, xNet] = [pixels([1, 1], [1, 0]), pixels([0, 1], [0, 0])];
    expect(new SpectralAngleMapper().forward(xNet, x).itemSync()).toBeCloseTo(Math.PI / 4, 12);
    expect(slope(new SpectralAngleMapper(), xNet, x)).toEqual([0, 0, 0, 0]);
  });

  it("ERGAS: the mean is over channels whose reference has a mean", () => {
    const metric = new ERGAS({ factor: 4 });
    const [x, xNet] = [image(1), image(2)];
    const first = (t: Tensor): Tensor => t.slice([0, 0, 0, 0], [1, 2, 12, 12]);
    const withBlack = cat([first(x), black().slice([0, 0, 0, 0], [1, 1, 12, 12])], 1);
    const expected = metric.forward(first(xNet), first(x)).itemSync();
    expect(metric.forward(xNet, withBlack).itemSync()).toBeCloseTo(expected, 12);
    expect(slope(metric, xNet, withBlack).slice(2 * 144)).toEqual(new Array(144).fill(0));
  });
});

describe("reconstructions at the edge of what is defined", () => {
  it("SNR of equal images is 140 dB with gradient zero, and finite at any scale", () => {
    for (const scale of [1, 1e-4, 1e4]) {
      const x = image(1).mul(scale);
      expect(new SNR().forward(x, x).itemSync()).toBeCloseTo(140, 10);
      expect(slope(new SNR(), x, x)).toEqual(new Array(432).fill(0));
    }
  });

  it("cosine similarity with zeros is 0 with gradient zero, and does not depend on the scale", () => {
    for (const [a, b] of [
      [black(), image(1)],
      [image(1), black()],
      [black(), black()],
    ] as const) {
      expect(new CosineSimilarity().forward(a, b).itemSync()).toBe(0);
      expect(slope(new CosineSimilarity(), a, b)).toEqual(new Array(432).fill(0));
    }
    const value = new CosineSimilarity().forward(image(1), image(2)).itemSync();
    expect(new CosineSimilarity().forward(image(1).mul(1e-12), image(2)).itemSync()).toBeCloseTo(value, 12);
  });

  it("standardize: a constant image becomes the mean of the reference, with gradient zero", () => {
    const metric = new MSE({ normInputs: "standardize" });
    const x = image(1);
    const variance = x.variance([1, 2, 3], false, 0).itemSync();
    // 0.1 in float32 is no multiple of 1/432: the mean is rounded, and the variance is not 0.
    expect(metric.forward(flat(0.1).to("float32"), x.to("float32")).itemSync()).toBeCloseTo(variance, 6);
    expect(slope(metric, flat(0.1), x)).toEqual(new Array(432).fill(0));
    expect(metric.forward(image(2), flat(0.1)).itemSync()).toBeCloseTo(0, 30);
    expect(slope(metric, image(2), flat(0.1))).toEqual(new Array(432).fill(0));
    expect(metric.forward(tensor([[1]], float64), tensor([[3]], float64)).itemSync()).toBe(0);
  });

  it("l2: a channel of zeros stays zero with gradient zero", () => {
    const metric = new MSE({ normInputs: "l2" });
    const squares = 1 / 144;
    expect(metric.forward(black(), image(1)).itemSync()).toBeCloseTo(squares, 12);
    expect(slope(metric, black(), image(1))).toEqual(new Array(432).fill(0));
    expect(metric.forward(image(2).mul(1e-40), image(1)).itemSync()).toBeCloseTo(
      metric.forward(image(2), image(1)).itemSync(),
      12,
    );
  });

  it("LpNorm with p below 1 has the gradient zero where the images are equal", () => {
    for (const onesided of [false, true]) {
      const metric = new LpNorm({ p: 0.5, onesided });
      const some = where(
        tensor([1, 0], { shape: [1, 1, 1, 2], ...float64 }),
        0.5,
        tensor([2, -1], { shape: [1, 1, 1, 2], ...float64 }),
      );
      const got = slope(metric, some, tensor([0.5, 1], { shape: [1, 1, 1, 2], ...float64 }));
      expect(got[0]).toBe(0);
      expect(Number.isFinite(got[1])).toBe(true);
    }
  });

  it("multi-scale SSIM of an inverted image has the gradient zero", () => {
    const x = new Rng(1).uniform([1, 1, 24, 24], float64);
    const metric = new SSIM({ multiscale: true, betas: [0.5, 0.5] });
    expect(slope(metric, x.neg().add(1), x)).toEqual(new Array(576).fill(0));
  });
});

describe("gradients", () => {
  const small = (seed: number): Tensor => new Rng(seed).uniform([2, 2, 4, 4], float64).add(0.1);
  it.each([
    ["NMSE", new NMSE()],
    ["SNR", new SNR()],
    ["ERGAS", new ERGAS({ factor: 2 })],
    ["SpectralAngleMapper", new SpectralAngleMapper()],
    ["CosineSimilarity", new CosineSimilarity()],
    ["MSE, standardize", new MSE({ normInputs: "standardize" })],
    ["MSE, l2", new MSE({ normInputs: "l2" })],
    ["SSIM", new SSIM({ maxPixel: null, minPixel: null, sigma: 0.5 })],
  ])("of %s are those of finite differences, in xNet and x", (name, metric) => {
    // The automatic range takes no part in the gradient of the reference.
    if (name !== "SSIM")
      expect(gradcheck((a, b) => metric.forward(a as Tensor, b as Tensor), [small(1), small(2)])).toBe(true);
    expect(gradcheck((a) => metric.forward(a as Tensor, small(2)), [small(1)])).toBe(true);
  });
});

describe("batchMean", () => {
  it("leaves out what is not defined, but nothing where a reconstruction is not finite", () => {
    const metric = new NMSE();
    const [first, second] = [image(1), image(2)];
    const batch = (...images: Tensor[]): Tensor => cat(images, 0);
    const alone = metric.forward(first, second).itemSync();
    expect(metric.batchMean(batch(first, first), batch(second, black())).itemSync()).toBeCloseTo(alone, 12);
    expect(metric.batchMean(batch(first, second), batch(second, second)).itemSync()).toBeCloseTo(alone / 2, 12);
    expect(metric.batchMean(first, black()).itemSync()).toBeNaN();
    for (const broken of [NaN, Infinity])
      expect(metric.batchMean(batch(first, first.mul(broken)), batch(second, second)).itemSync()).not.toSatisfy(
        Number.isFinite,
      );
    expect(new NMSE({ reduction: "sum" }).batchMean(first, second).itemSync()).toBeCloseTo(alone, 12);
    const sum = metric.add(new MSE()).batchMean(batch(first, first), batch(second, black())).itemSync();
    expect(sum).toBeCloseTo(alone + new MSE().forward(first, second).itemSync(), 12);
  });
});
