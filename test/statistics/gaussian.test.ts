import { beforeAll, describe, expect, it } from "vitest";
import { R2RLoss, SureGaussianLoss, exactDiv, hutchDiv, mcDiv } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import { Denoising, Downsampling, GaussianNoise, Inpainting, LinearPhysics } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { noGrad, tensor, type Tensor } from "../../ts/tensor/index.js";
import { SIDE, TanhNet, average, image, repeat, squaredError } from "./helpers.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

const settings = { batch: 8000, chunks: 5, seed: 11 };

describe("Gaussian SURE estimates the supervised measurement error", () => {
  it.each([
    [0.1, 1e-2],
    [0.3, 1e-2],
    [0.3, 1e-3],
  ])("sigma %d, tau %d", (sigma, tau) => {
    const model = new TanhNet();
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma }) });
    const loss = new SureGaussianLoss({ sigma, tau });
    const { mean, se } = average((rng, batch) => {
      const u = repeat(image(), batch);
      const y = physics.forward(u, { rng });
      const xNet = model.forward(y);
      return loss.forward({ xNet, y, physics, model, rng }).sub(squaredError(xNet, u));
    }, settings);
    expect(se).toBeLessThan(sigma * sigma * 0.02);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });

  /** A diagonal operator with entries between 0.5 and 1.5. */
  const diagonal = () =>
    new Inpainting({
      imgSize: [1, SIDE, SIDE],
      mask: tensor(
        Float64Array.from({ length: SIDE * SIDE }, (_, i) => 1 + 0.5 * Math.cos(2.3 * i)),
        { shape: [1, 1, SIDE, SIDE] },
      ),
      noiseModel: new GaussianNoise({ sigma: 0.2 }),
    });

  const metricBias = (options: { exactConstant?: boolean; asFunction?: boolean }) => {
    const model = new TanhNet();
    const physics = diagonal();
    const B = options.asFunction ? (t: Tensor) => physics.ADagger(t) : ("A_dagger" as const);
    const loss = new SureGaussianLoss({ sigma: 0.2, B, exactConstant: options.exactConstant });
    return average((rng, batch) => {
      const x = repeat(image(), batch);
      // Inpainting multiplies the noise by the mask too; here the noise must have the same level everywhere.
      const y = physics.noiseModel.forward(physics.A(x), { rng });
      const xNet = model.forward(y);
      const risk = squaredError(physics.ADagger(physics.A(xNet)), physics.ADagger(physics.A(x)));
      return loss.forward({ xNet, y, physics, model, rng }).sub(risk);
    }, settings);
  };

  it("with the pseudo-inverse as metric, constant included", () => {
    for (const options of [{ exactConstant: true }, { asFunction: true }]) {
      const { mean, se } = metricBias(options);
      expect(se).toBeLessThan(2e-3);
      expect(Math.abs(mean)).toBeLessThan(3 * se);
    }
  });

  it("by default the metric is the identity: the error of the measurement itself", () => {
    const model = new TanhNet();
    const physics = diagonal();
    const loss = new SureGaussianLoss({ sigma: 0.2 });
    const { mean, se } = average((rng, batch) => {
      const x = repeat(image(), batch);
      const y = physics.noiseModel.forward(physics.A(x), { rng });
      const xNet = model.forward(y);
      return loss.forward({ xNet, y, physics, model, rng }).sub(squaredError(physics.A(xNet), physics.A(x)));
    }, settings);
    expect(se).toBeLessThan(2e-3);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });

  it("with the pseudo-inverse and the plain constant it is off by sigma^2 (tr(B^T B) / n - 1)", () => {
    const { mean, se } = metricBias({});
    const trace = diagonal().ADagger(
      diagonal().ADagger(tensor(new Float64Array(36).fill(1), { shape: [1, 1, SIDE, SIDE] })),
    );
    const excess = 0.04 * (trace.mean().itemSync() - 1);
    expect(excess).toBeGreaterThan(5e-3);
    expect(Math.abs(mean - excess)).toBeLessThan(3 * se);
  });
});

describe("masked measurements", () => {
  const sigma = 0.2;
  const mask = () =>
    tensor(
      Float64Array.from({ length: 36 }, (_, i) => (i % 3 === 0 ? 0 : 1)),
      { shape: [1, 1, SIDE, SIDE] },
    );
  const physics = () =>
    new Inpainting({ imgSize: [1, SIDE, SIDE], mask: mask(), noiseModel: new GaussianNoise({ sigma }) });

  it("SURE is too small by sigma^2 times the share of what was not measured, whatever the network", () => {
    for (const seed of [5, 6]) {
      const model = new TanhNet(seed);
      const loss = new SureGaussianLoss({ sigma });
      const { mean, se } = average((rng, batch) => {
        const x = repeat(image(), batch);
        const y = physics().forward(x, { rng });
        const xNet = model.forward(y);
        return loss
          .forward({ xNet, y, physics: physics(), model, rng })
          .sub(squaredError(xNet.mul(mask()), x.mul(mask())));
      }, settings);
      expect(Math.abs(mean + sigma ** 2 / 3)).toBeLessThan(3 * se);
      expect(se).toBeLessThan(sigma ** 2 / 30);
    }
  });

  it("R2R is the risk at y1 where it was measured, plus a constant", () => {
    const alpha = 0.4;
    const loss = new R2RLoss({ alpha });
    // What was not measured is 0 in y and in A(xNet), but is recorrupted like the rest: there y2 is noise alone.
    const constant = (sigma ** 2 / alpha) * (2 / 3) + ((sigma ** 2 * (1 - alpha)) / alpha) * (1 / 3);
    const model = loss.adaptModel(new TanhNet());
    const { mean, se } = average((rng, batch) => {
      const x = repeat(image(), batch);
      const y = physics().forward(x, { rng });
      const xNet = model.forward(y, physics(), { updateParameters: true, rng });
      return loss
        .forward({ xNet, y, physics: physics(), model })
        .sub(squaredError(xNet.mul(mask()), x.mul(mask())))
        .sub(constant);
    }, settings);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
    expect(se).toBeLessThan(constant / 30);
  });
});

describe("R2R with Gaussian noise", () => {
  it.each([0.15, 0.5])("alpha %d: the risk at y1 plus sigma^2 / alpha", (alpha) => {
    const sigma = 0.2;
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma }) });
    const loss = new R2RLoss({ alpha });
    const model = loss.adaptModel(new TanhNet());
    const { mean, se } = average((rng, batch) => {
      const u = repeat(image(), batch);
      const y = physics.forward(u, { rng });
      const xNet = model.forward(y, physics, { updateParameters: true, rng });
      return loss
        .forward({ xNet, y, physics, model })
        .sub(squaredError(xNet, u))
        .sub((sigma * sigma) / alpha);
    }, settings);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });

  it("one noise level for each image of the batch, not for each column", () => {
    const sigma = tensor(Float64Array.from([0, 0.1, 0.2, 0.3, 0.4, 0.5]), {});
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma }) });
    const model = new R2RLoss({ alpha: 0.5 }).adaptModel(new TanhNet());
    const y = repeat(image(), 6);
    model.forward(y, physics, { updateParameters: true, rng: new Rng(3) });
    const spread = squaredError(model.corruption(), y).dataSync();
    expect(spread[0]).toBe(0);
    for (let i = 1; i < 6; i++) expect(spread[i]).toBeGreaterThan(spread[i - 1] as number);
  });
});

describe("divergences", () => {
  /** `f(y) = y W`, whose Jacobian is W^T, for images of three pixels, and an operator that doubles. */
  const W = [
    [1, 2, 3],
    [-4, 5, 6],
    [7, -8, 0.5],
  ];
  class Product extends Module {
    forward(y: Tensor): Tensor {
      return y.matmul(tensor(W, { dtype: "float64" }));
    }
  }
  const doubled = new LinearPhysics({ A: (x) => x.mul(2), AAdjoint: (y) => y.mul(2) });

  it("are traces over the number of entries, and leave y off the tape", () => {
    const y = tensor(
      [
        [0.1, 0.2, 0.3],
        [1, -1, 2],
      ],
      { dtype: "float64" },
    );
    const args = { y, model: new Product(), physics: doubled };
    const trace = (2 * (1 + 5 + 0.5)) / 3;
    for (const v of exactDiv(args).dataSync()) expect(v).toBeCloseTo(trace, 10);
    // Of a linear map the estimates are b^T J b / m, for the one probe that both draw.
    const b = new Rng(3).normal([2, 3], y);
    const expected = b
      .mul(b.matmul(tensor(W, { dtype: "float64" })))
      .mul(2)
      .mean(1)
      .dataSync();
    for (const estimate of [
      hutchDiv({ ...args, rng: new Rng(3) }),
      noGrad(() => mcDiv({ ...args, tau: 0.5, rng: new Rng(3) })),
    ])
      estimate.dataSync().forEach((v, i) => expect(v).toBeCloseTo(expected[i] as number, 10));
    expect(y.requiresGrad).toBe(false);
  });

  it("mcDiv and hutchDiv average to exactDiv, image by image", () => {
    const model = new TanhNet();
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const exact = Array.from(exactDiv({ y: image(), model, physics }).dataSync());
    const pairOfImages = exactDiv({ y: repeat(image(), 2), model, physics }).dataSync();
    expect(pairOfImages[0]).toBeCloseTo(exact[0] as number, 12);
    expect(pairOfImages[1]).toBeCloseTo(exact[0] as number, 12);
    const y = repeat(image(), 4000);
    const check = (values: Tensor) => {
      const data = Array.from(values.dataSync());
      const mean = data.reduce((a, b) => a + b, 0) / data.length;
      const se = Math.sqrt(data.reduce((a, b) => a + (b - mean) ** 2, 0) / data.length / (data.length - 1));
      expect(Math.abs(mean - (exact[0] as number))).toBeLessThan(3 * se);
    };
    check(noGrad(() => mcDiv({ y, model, physics, tau: 1e-4, rng: new Rng(1) })));
    check(hutchDiv({ y, model, physics, mcIter: 2, rng: new Rng(2) }));
    expect(y.requiresGrad).toBe(false);
  });
});

describe("GSURE: the pseudo-inverse of an operator with a null space", () => {
  const physics = () =>
    new Downsampling({ imgSize: [1, SIDE, SIDE], factor: 2, noiseModel: new GaussianNoise({ sigma: 0.2 }) });

  /** TanhNet after the adjoint, and a multiple of a fixed image without its projection. */
  class WithNullSpace extends TanhNet {
    constructor(readonly share: number) {
      super();
    }
    override forward(y: Tensor): Tensor {
      const operator = physics();
      const other = image().roll([1, 2], [2, 3]);
      const invisible = other.sub(operator.ADagger(operator.A(other)));
      return super.forward(operator.AAdjoint(y).mul(4)).add(invisible.mul(this.share));
    }
  }

  const made = (share: number) => {
    const model = new WithNullSpace(share);
    const operator = physics();
    const loss = new SureGaussianLoss({ sigma: 0.2, B: "A_dagger", exactConstant: true });
    return average(
      (rng, batch) => {
        const x = repeat(image(), batch);
        const y = operator.forward(x, { rng });
        const xNet = model.forward(y);
        const projected = operator.ADagger(operator.A(xNet.sub(x)));
        return loss.forward({ xNet, y, physics: operator, model, rng }).sub(squaredError(projected, x.mul(0)));
      },
      { batch: 1000, chunks: 10, seed: 11 },
    );
  };

  it("is in the mean the squared error of the part that is seen, whatever the network puts into the null space", () => {
    const { mean, se } = made(0);
    expect(se).toBeLessThan(4e-3);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
    // The same draws: what is added is not seen at all.
    expect(made(3).mean).toBeCloseTo(mean, 5);
  });
});
