import { beforeAll, describe, expect, it } from "vitest";
import * as physics from "../../ts/physics/index.js";
import { ArgumentError, init, ShapeError } from "../../ts/runtime/index.js";
import { full, grad, ones, tensor, type Tensor } from "../../ts/tensor/index.js";
import { eachDevice } from "../devices.js";
import { distance, expectError, Rng, start } from "./helpers.js";

beforeAll(start);

const COUNT = 40000;

/** Mean and variance of a tensor. */
function moments(t: Tensor): { mean: number; variance: number } {
  const mean = t.mean().itemSync();
  return { mean, variance: t.sub(mean).square().mean().itemSync() };
}

describe("moments of the noise at a constant image", () => {
  const level = 0.6;
  const cases: { noise: () => physics.NoiseModel; mean: number; variance: number }[] = [
    { noise: () => new physics.GaussianNoise({ sigma: 0.3 }), mean: level, variance: 0.09 },
    { noise: () => new physics.PoissonNoise({ gain: 0.2 }), mean: level, variance: 0.2 * level },
    {
      noise: () => new physics.PoissonNoise({ gain: 0.2, normalize: false }),
      mean: level / 0.2,
      variance: level / 0.2,
    },
    {
      noise: () => new physics.PoissonGaussianNoise({ gain: 0.2, sigma: 0.3 }),
      mean: level,
      variance: 0.2 * level + 0.09,
    },
    { noise: () => new physics.GammaNoise({ l: 4 }), mean: level, variance: level ** 2 / 4 },
    { noise: () => new physics.UniformNoise({ a: 0.3 }), mean: level, variance: 0.03 },
    { noise: () => new physics.LaplaceNoise({ b: 0.2 }), mean: level, variance: 0.08 },
    {
      noise: () => new physics.SaltPepperNoise({ p: 0.1, s: 0.2 }),
      mean: 0.7 * level + 0.2,
      variance: 0.7 * level ** 2 + 0.2 - (0.7 * level + 0.2) ** 2,
    },
    { noise: () => new physics.LogPoissonNoise({ N0: 1e5, mu: 1 }), mean: level, variance: Math.exp(level) / 1e5 },
    { noise: () => new physics.ZeroNoise(), mean: level, variance: 0 },
  ];

  it.each(cases.map((c) => ({ ...c, name: c.noise.toString().replace(/.*new physics\.|\)$/g, "") })))(
    "$name",
    ({ noise, mean, variance }) => {
      const y = noise().forward(full([4, 1, 100, 100], level), { rng: new Rng(11) });
      const got = moments(y);
      // Four standard errors; the variance's is taken for a kurtosis of at most 9.
      expect(Math.abs(got.mean - mean)).toBeLessThan(4 * Math.sqrt(variance / COUNT) + 1e-5);
      expect(Math.abs(got.variance - variance)).toBeLessThan(4 * variance * Math.sqrt(8 / COUNT) + 1e-6);
    },
  );

  it("Rician noise has second moment x^2 + 2 sigma^2", () => {
    const y = new physics.RicianNoise({ sigma: 0.3 }).forward(full([4, 1, 100, 100], level), { rng: new Rng(12) });
    expect(Math.abs(y.square().mean().itemSync() - (level ** 2 + 0.18))).toBeLessThan(0.01);
  });

  it("Fisher-Tippett noise is the logarithm of Gamma noise", () => {
    const y = new physics.FisherTippettNoise({ l: 4 }).forward(full([4, 1, 100, 100], level), { rng: new Rng(13) });
    expect(Math.abs(y.exp().mean().itemSync() - Math.exp(level))).toBeLessThan(
      4 * Math.exp(level) * Math.sqrt(0.25 / COUNT),
    );
  });

  it("uniform-Gaussian noise draws one level per image", () => {
    const y = new physics.UniformGaussianNoise({ sigmaMin: 0.1, sigmaMax: 0.5 }).forward(full([50, 1, 20, 20], 0), {
      rng: new Rng(14),
    });
    const levels = Array.from(y.square().mean([1, 2, 3]).sqrt().dataSync());
    expect(Math.min(...levels)).toBeGreaterThan(0.08);
    expect(Math.max(...levels)).toBeLessThan(0.55);
    expect(Math.max(...levels) - Math.min(...levels)).toBeGreaterThan(0.2);
  });
});

describe("noise levels", () => {
  it.each([
    { name: "GaussianNoise", make: (l: Tensor) => new physics.GaussianNoise({ sigma: l }) },
    { name: "GammaNoise", make: (l: Tensor) => new physics.GammaNoise({ l: l.square().reciprocal() }) },
    { name: "UniformNoise", make: (l: Tensor) => new physics.UniformNoise({ a: l }) },
    { name: "LaplaceNoise", make: (l: Tensor) => new physics.LaplaceNoise({ b: l }) },
  ])("$name takes one per image", ({ make }) => {
    const y = make(tensor([0.05, 0.5])).forward(ones([2, 1, 60, 60]), { rng: new Rng(15) });
    const [a = 0, b = 0] = Array.from(y.sub(1).square().mean([1, 2, 3]).sqrt().dataSync());
    expect(b / a).toBeGreaterThan(8);
    expect(b / a).toBeLessThan(12);
  });

  const kinds: Record<string, (level: number | Tensor) => physics.NoiseModel> = {
    GaussianNoise: (l) => new physics.GaussianNoise({ sigma: l }),
    LaplaceNoise: (l) => new physics.LaplaceNoise({ b: l }),
    RicianNoise: (l) => new physics.RicianNoise({ sigma: l }),
    UniformNoise: (l) => new physics.UniformNoise({ a: l }),
    UniformGaussianNoise: (l) => new physics.UniformGaussianNoise({ sigmaMin: l, sigmaMax: l }),
    SaltPepperNoise: (l) => new physics.SaltPepperNoise({ p: l, s: 0.01 }),
    PoissonNoise: (l) => new physics.PoissonNoise({ gain: l }),
    PoissonGaussianNoise: (l) => new physics.PoissonGaussianNoise({ gain: l, sigma: l }),
    LogPoissonNoise: (l) => new physics.LogPoissonNoise({ mu: l, N0: 50 }),
    GammaNoise: (l) => new physics.GammaNoise({ l }),
    FisherTippettNoise: (l) => new physics.FisherTippettNoise({ l }),
  };
  it.each(Object.keys(kinds))(
    "of each image: %s has that level's moments, also as wide as the batch is large",
    (name) => {
      const rng = new Rng(16);
      const make = kinds[name]!;
      const of = (level: number | Tensor, images: number): { mean: number; variance: number }[] => {
        const y = make(level).forward(ones([images, 1, 4000, 2]), { rng });
        return Array.from({ length: images }, (_, i) => moments(y.select(0, i)));
      };
      const levels = [0.03, 0.6];
      const both = of(tensor(levels), 2);
      levels.forEach((level, i) => {
        const [alone] = of(level, 1);
        const spread = Math.sqrt(alone!.variance);
        expect(Math.abs(both[i]!.mean - alone!.mean)).toBeLessThan(0.1 * spread);
        expect(Math.abs(Math.sqrt(both[i]!.variance) / spread - 1)).toBeLessThan(0.25);
      });
    },
  );

  it("are replaced by update and by a call, and kept", () => {
    const noise = new physics.GaussianNoise({ sigma: 1 });
    noise.update({ sigma: 0 });
    const y = ones([1, 1, 3, 3]);
    expect(
      noise
        .forward(y, { rng: new Rng(1) })
        .sub(1)
        .abs()
        .max()
        .itemSync(),
    ).toBe(0);
    noise.forward(y, { sigma: 0.5, rng: new Rng(1) });
    expect(noise.sigma).toBe(0.5);
    const copy = noise.clone();
    copy.update({ sigma: 2 });
    expect(noise.sigma).toBe(0.5);
  });

  it("the same seed gives the same noise, the call's source wins over the constructor's", () => {
    const y = ones([1, 1, 4, 4]);
    const noise = new physics.GaussianNoise({ rng: new Rng(1) });
    const a = noise.forward(y, { rng: new Rng(9) });
    const b = new physics.GaussianNoise({ rng: new Rng(9) }).forward(y);
    expect(a.sub(b).abs().max().itemSync()).toBe(0);
    expect(noise.forward(y).sub(a).abs().max().itemSync()).toBeGreaterThan(0);
  });

  it("a float64 image stays float64, with a float32 level", () => {
    const y = ones([2, 1, 3, 3], { dtype: "float64" });
    expect(new physics.GaussianNoise({ sigma: tensor([0.1, 0.2]) }).forward(y, { rng: new Rng(1) }).dtype).toBe(
      "float64",
    );
  });
});

describe("noise errors", () => {
  it("names what is wrong with a level", () => {
    expectError(
      () => new physics.GaussianNoise({ sigma: -1 }),
      ArgumentError,
      "invalid_argument",
      "GaussianNoise",
      "sigma",
      "-1",
    );
    expectError(() => new physics.GaussianNoise({ sigma: NaN }), ArgumentError, "invalid_argument", "NaN");
    expectError(
      () => new physics.GaussianNoise({ sigma: tensor([0.1, -0.2]) }),
      ArgumentError,
      "invalid_argument",
      "-0.2",
    );
    expectError(() => new physics.PoissonNoise({ gain: 0 }), ArgumentError, "invalid_argument", "gain", "above 0");
    expectError(() => new physics.GammaNoise({ l: 0 }), ArgumentError, "invalid_argument", "l");
    expectError(() => new physics.SaltPepperNoise({ p: 1.5 }), ArgumentError, "invalid_argument", "at most 1");
    expectError(
      () => new physics.UniformGaussianNoise({ sigmaMin: 1, sigmaMax: 0.5 }),
      ArgumentError,
      "invalid_argument",
      "sigmaMax",
    );
    expectError(() => new physics.GaussianNoise().update({ sigma: -1 }), ArgumentError, "invalid_argument", "sigma");
  });

  it("names an unknown option and the nearest valid one", () => {
    expectError(
      () => new physics.GaussianNoise({ sigm: 1 } as object),
      ArgumentError,
      "unknown_option",
      "sigm",
      '"sigma"',
    );
    expectError(() => new physics.PoissonNoise().update({ gian: 1 }), ArgumentError, "unknown_option", '"gain"');
  });

  it("refuses images the noise is not defined for", () => {
    const negative = full([1, 1, 2, 2], -0.5);
    expectError(
      () => new physics.PoissonNoise().forward(negative),
      ArgumentError,
      "out_of_range",
      "-0.5",
      "clipPositive",
    );
    expect(new physics.PoissonNoise({ clipPositive: true }).forward(negative).abs().max().itemSync()).toBe(0);
    expectError(() => new physics.GammaNoise().forward(negative), ArgumentError, "out_of_range", "-0.5", "clamp");
    expectError(() => new physics.PoissonNoise().forward(full([1, 2], NaN)), ArgumentError, "out_of_range", "NaN");
  });

  const positiveNoise = (): physics.NoiseModel[] => [
    new physics.PoissonNoise({ gain: 0.1 }),
    new physics.PoissonNoise({ gain: 0.1, normalize: false }),
    new physics.PoissonGaussianNoise({ gain: 0.1, sigma: 0 }),
    new physics.GammaNoise({ l: 3 }),
  ];

  it("takes what rounding leaves below 0 as 0, and 0 itself", () => {
    for (const noise of positiveNoise()) {
      for (const dtype of ["float32", "float64"] as const) {
        const rounded = tensor([5, -4.9e-6, 0, 2], { dtype }).reshape([1, 4]);
        const exact = tensor([5, 0, 0, 2], { dtype }).reshape([1, 4]);
        const y = noise.forward(rounded, { rng: new Rng(1) });
        expect(distance(y, noise.forward(exact, { rng: new Rng(1) }))).toBe(0);
        expect(Array.from(y.dataSync()).slice(1, 3)).toEqual([0, 0]);
        const real = tensor([5, -5.1e-6, 0, 2], { dtype }).reshape([1, 4]);
        expectError(() => noise.forward(real), ArgumentError, "out_of_range", "-0.0000051");
      }
      expect(
        noise
          .forward(full([1, 2], 0))
          .abs()
          .max()
          .itemSync(),
      ).toBe(0);
      expectError(() => noise.forward(full([1, 2], -1e-9)), ArgumentError, "out_of_range");
    }
  });

  it("gives a measurement of BlurFFT, which rounds below 0", () => {
    const noiseModel = new physics.PoissonNoise({ gain: 0.1 });
    const filter = physics.gaussianBlur({ sigma: 1 });
    const operator = new physics.BlurFFT({ imgSize: [1, 32, 32], filter, noiseModel });
    const x = full([1, 1, 32, 32], 0);
    const point = x.add(tensor([1, ...Array.from({ length: 1023 }, () => 0)]).reshape([1, 1, 32, 32]));
    expect(operator.A(point).min().itemSync()).toBeLessThan(0);
    expect(
      operator
        .forward(point, { rng: new Rng(1) })
        .min()
        .itemSync(),
    ).toBe(0);
  });

  it("in a call with clipPositive takes negative values as 0, and gives NaN for NaN", () => {
    const values = tensor([[-3, 0.5, NaN, Infinity, -1e-3]]);
    for (const noise of positiveNoise()) {
      const y = Array.from(noise.forward(values, { rng: new Rng(2), clipPositive: true }).dataSync());
      expect([y[0], y[4]]).toEqual([0, 0]);
      expect(Number.isFinite(y[1])).toBe(true);
      expect([y[2], y[3]]).toEqual([NaN, NaN]);
      const clipped = tensor([[0, 0.5, 0, 0, 0]]);
      expect(y[1]).toBe(noise.forward(clipped, { rng: new Rng(2) }).dataSync()[1]);
      // The option is that of one call.
      expectError(() => noise.forward(full([1, 2], -1)), ArgumentError, "out_of_range");
      expectError(() => noise.forward(values, { clipPositive: 1 as never }), ArgumentError, "invalid_argument");
    }
    const signed = tensor([[-3, 0.5]]);
    const gaussian = new physics.GaussianNoise({ sigma: 0 });
    expect(distance(gaussian.forward(signed, { clipPositive: true }), signed)).toBe(0);
  });

  it("of LogPoisson: names line integrals for which the mean count is not finite, or in such a call gives NaN", () => {
    const noise = new physics.LogPoissonNoise();
    for (const bad of [NaN, -1e5, -Infinity]) {
      const values = tensor([[1, bad]]);
      expectError(() => noise.forward(values), ArgumentError, "out_of_range", "LogPoissonNoise.forward");
      const y = noise.forward(values, { rng: new Rng(1), clipPositive: true }).dataSync();
      expect(y[0]).toBe(noise.forward(tensor([[1]]), { rng: new Rng(1) }).dataSync()[0]);
      expect(y[1]).toBeNaN();
    }
    // Negative values have a distribution, and a mean near themselves.
    const y = noise.forward(full([1, 10_000], -1), { rng: new Rng(1), clipPositive: true });
    expect(Math.abs(y.mean().itemSync() + 1)).toBeLessThan(0.1);
  });

  it("of Gamma has the derivative of the clipping: g / l, and 0 for what was replaced", () => {
    const x = tensor([[-3, 2]]).requiresGrad_();
    const y = new physics.GammaNoise({ l: 3 }).forward(x, { rng: new Rng(3), clipPositive: true });
    const [g] = grad(y.sum(), [x]) as [Tensor];
    const drawn = (y.dataSync()[1] as number) / 2;
    expect(g.dataSync()[0]).toBe(0);
    expect(g.dataSync()[1]).toBeCloseTo(drawn, 6);
  });

  it("passes through physics, stacked and composed, in one call", () => {
    const noiseModel = new physics.PoissonNoise();
    const negative = full([1, 1, 2, 2], -1);
    const denoising = new physics.Denoising({ noiseModel });
    const stacked = new physics.StackedLinearPhysics({ list: [denoising] });
    for (const operator of [denoising, denoising.compose(new physics.Denoising()), stacked]) {
      const y = operator.forward(negative, { clipPositive: true }) as Tensor | physics.TensorList;
      expect((y instanceof physics.TensorList ? y.at(0) : y).abs().max().itemSync()).toBe(0);
      expectError(() => operator.forward(negative), ArgumentError, "out_of_range", "-1");
    }
  });

  it("never gives NaN for levels or images at the edge of what is allowed", () => {
    const finite = (y: Tensor) => y.dataSync().every(Number.isFinite);
    const one = ones([1, 1, 8, 8]);
    expect(finite(new physics.FisherTippettNoise({ l: 0.001 }).forward(one, { rng: new Rng(1) }))).toBe(true);
    expect(finite(new physics.GammaNoise({ l: 0.001 }).forward(one, { rng: new Rng(1) }))).toBe(true);
    expect(finite(new physics.PoissonGaussianNoise({ gain: 0 }).forward(one, { rng: new Rng(1) }))).toBe(true);
    expect(finite(new physics.LogPoissonNoise({ mu: 1 }).forward(one.mul(80), { rng: new Rng(1) }))).toBe(true);
    const dark = full([1, 1, 2, 2], 0).requiresGrad_();
    const [g] = grad(new physics.RicianNoise({ sigma: 0 }).forward(dark, { rng: new Rng(1) }).sum(), [dark]) as [
      Tensor,
    ];
    expect(finite(g)).toBe(true);
  });

  it("names impossible images, levels that contradict each other and probabilities beyond one", () => {
    for (const noise of [new physics.PoissonNoise(), new physics.PoissonGaussianNoise(), new physics.GammaNoise()]) {
      expectError(() => noise.forward(full([1, 2], Infinity)), ArgumentError, "out_of_range", "Infinity");
      expectError(() => noise.forward(full([1, 2], NaN)), ArgumentError, "out_of_range", "NaN");
      expectError(() => noise.forward(full([1, 2], -1)), ArgumentError, "out_of_range", "-1");
    }
    expectError(
      () => new physics.GammaNoise({ l: tensor([1, -1]) }),
      ArgumentError,
      "invalid_argument",
      "GammaNoise",
      "-1",
    );
    expectError(() => new physics.GammaNoise().update({ l: 0 }), ArgumentError, "invalid_argument", "above 0");
    expectError(() => new physics.FisherTippettNoise({ l: -2 }), ArgumentError, "invalid_argument", "-2");
    expectError(() => new physics.LogPoissonNoise({ N0: 0 }), ArgumentError, "invalid_argument", "N0");
    expectError(() => new physics.SaltPepperNoise({ p: 0.6, s: 0.5 }), ArgumentError, "invalid_argument", "at most 1");
    expectError(
      () => new physics.SaltPepperNoise({ p: 0.6 }).update({ s: 0.5 }),
      ArgumentError,
      "invalid_argument",
      "0.5",
    );
    expectError(
      () => new physics.UniformGaussianNoise({ sigmaMin: tensor([0.1, 0.9]), sigmaMax: 0.5 }),
      ArgumentError,
      "invalid_argument",
      "0.8999",
      "sigmaMax 0.5",
    );
    expectError(() => new physics.RicianNoise({ sigma: -1 }), ArgumentError, "invalid_argument", "RicianNoise");
    expectError(() => new physics.LaplaceNoise({ b: NaN }), ArgumentError, "invalid_argument", "NaN");
  });

  it("names probabilities of an image beyond one, and takes what rounding makes of a sum of one", () => {
    const make = () => new physics.SaltPepperNoise({ p: tensor([0.1, 0.6]), s: 0.5 });
    expectError(make, ArgumentError, "invalid_argument", "SaltPepperNoise", "0.6", "at most 1");
    const sums = [0.6, 0.7, 0.1, 0.35];
    const noise = new physics.SaltPepperNoise({ p: tensor(sums), s: tensor(sums.map((p) => 1 - p)) });
    const x = full([4, 1, 5, 5], 0.5);
    expect(
      noise
        .forward(x, { rng: new Rng(1) })
        .sub(x)
        .abs()
        .min()
        .itemSync(),
    ).toBe(0.5);
  });

  it("a refused update changes nothing", () => {
    const mixed = new physics.PoissonGaussianNoise({ gain: 0.1, sigma: 0.2 });
    expect(() => mixed.update({ gain: 0.3, sigma: -1 })).toThrow(ArgumentError);
    expect(() => mixed.update({ gain: 0.3, level: 1 })).toThrow(ArgumentError);
    expect([mixed.gain, mixed.sigma]).toEqual([0.1, 0.2]);
    const impulses = new physics.SaltPepperNoise({ p: 0.6, s: 0.2 });
    expect(() => impulses.update({ s: 0.5 })).toThrow(ArgumentError);
    expect([impulses.p, impulses.s]).toEqual([0.6, 0.2]);
    const drawn = new physics.UniformGaussianNoise({ sigmaMin: 0.1, sigmaMax: 0.5 });
    expect(() => drawn.update({ sigmaMin: 0.9 })).toThrow(ArgumentError);
    expect([drawn.sigmaMin, drawn.sigmaMax]).toEqual([0.1, 0.5]);
    drawn.update({ sigmaMin: 0.9, sigmaMax: 1 });
    expect([drawn.sigmaMin, drawn.sigmaMax]).toEqual([0.9, 1]);
  });

  it("refuses levels and inputs of the wrong shape", () => {
    expectError(
      () => new physics.GaussianNoise({ sigma: tensor([1, 2, 3]) }).forward(ones([2, 1, 3, 3])),
      ShapeError,
      "shape_mismatch",
      "[3]",
      "2 images",
    );
    expectError(
      () => new physics.GaussianNoise().forward([1, 2] as unknown as Tensor),
      ArgumentError,
      "invalid_argument",
      "[1, 2]",
    );
    expectError(() => new physics.GaussianNoise().forward(tensor(1)), ShapeError, "shape_mismatch", "batch");
  });
});

await eachDevice("noise of values of at least 0", (device) => {
  it("takes what rounding leaves below 0 as 0, and in a call with clipPositive anything below 0", async () => {
    await init({ device });
    for (const noise of [new physics.PoissonNoise({ gain: 0.1 }), new physics.GammaNoise({ l: 3 })]) {
      const rounded = await noise.forward(tensor([5, -4.9e-6, 2]).reshape([1, 3]), { rng: new Rng(1) }).data();
      expect(rounded[1]).toBe(0);
      const options = { rng: new Rng(1), clipPositive: true };
      const clipped = await noise.forward(tensor([5, -3, 2]).reshape([1, 3]), options).data();
      expect(Array.from(clipped)).toEqual(Array.from(rounded));
    }
    await init({ device: "cpu" });
  });
});
