import { beforeAll, describe, expect, it } from "vitest";
import {
  EquivariantSplittingLoss,
  mri,
  R2RLoss,
  SplittingLoss,
  SureGaussianLoss,
  SurePGLoss,
  SurePoissonLoss,
  type Loss,
} from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import {
  BernoulliSplittingMaskGenerator,
  Denoising,
  DynamicMRI,
  GammaNoise,
  GaussianNoise,
  Inpainting,
  MRI,
  MultiplicativeSplittingMaskGenerator,
  PhysicsGenerator,
  PoissonGaussianNoise,
  PoissonNoise,
  PolyOrderMaskGenerator,
  VirtualLinearPhysics,
  type LinearPhysics,
  type NoiseModel,
} from "../../ts/physics/index.js";
import { Rng, type RandomSource } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor, type Tensor } from "../../ts/tensor/index.js";
import { SquareNet, TanhNet, average, image, repeat, SIDE, squaredError } from "./helpers.js";

beforeAll(() => init({ device: "cpu" }));

const settings = { batch: 8000, chunks: 5, seed: 17 };
const SIGMA = 0.2;
const GAIN = 0.1;

/** Weights between 0.4 and 1.6; a quarter of the entries is not measured. */
const weights = (): Tensor =>
  tensor(
    Float64Array.from({ length: 36 }, (_, i) => (i % 4 === 1 ? 0 : 1 + 0.6 * Math.cos(2.3 * i))),
    { shape: [1, 1, SIDE, SIDE] },
  );
const UNMEASURED = 0.25;
const inpainting = <N extends NoiseModel>(noiseModel: N): Inpainting<N> =>
  new Inpainting({ imgSize: [1, SIDE, SIDE], mask: weights(), noiseModel });
/** The clean measurement. */
const clean = (): Tensor => image().mul(weights());

/** The mean of a loss minus the risk `|A f(y) - A x|^2 / m`. */
function bias(loss: Loss, physics: LinearPhysics<NoiseModel>, network: Module = new TanhNet()) {
  const model = loss.adaptModel(network as TanhNet);
  return average((rng, batch) => {
    const x = repeat(image(), batch);
    const y = physics.forward(x, { rng });
    const xNet = model.forward(y, physics, { updateParameters: true, rng });
    const args = { xNet, y, physics, model, rng } as unknown as Parameters<Loss["forward"]>[0];
    return loss.forward(args).sub(squaredError(physics.A(xNet), physics.A(x)));
  }, settings);
}

describe("with a mask of weights, the risk of the measurement", () => {
  it("SURE: but for sigma^2 times the share of what was not measured", () => {
    const { mean, se } = bias(new SureGaussianLoss({ sigma: SIGMA }), inpainting(new GaussianNoise({ sigma: SIGMA })));
    expect(se).toBeLessThan((SIGMA ** 2 * UNMEASURED) / 10);
    expect(Math.abs(mean + SIGMA ** 2 * UNMEASURED)).toBeLessThan(3 * se);
  });

  it("SURE with the pseudo-inverse as metric: the risk of the image where it was measured, constant included", () => {
    const physics = inpainting(new GaussianNoise({ sigma: SIGMA }));
    const loss = new SureGaussianLoss({ sigma: SIGMA, B: "A_dagger", exactConstant: true });
    const model = new TanhNet();
    const measured = weights().ne(0);
    const { mean, se } = average((rng, batch) => {
      const x = repeat(image(), batch);
      const y = physics.forward(x, { rng });
      const xNet = model.forward(y);
      const risk = squaredError(xNet.mul(measured), x.mul(measured));
      return loss.forward({ xNet, y, physics, model, rng }).sub(risk);
    }, settings);
    expect(se).toBeLessThan(2e-3);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });

  it("SURE for Poisson noise at a small gain", () => {
    const loss = new SurePoissonLoss({ gain: 0.01 });
    const { mean, se } = bias(loss, inpainting(new PoissonNoise({ gain: 0.01 })));
    expect(se).toBeLessThan(4e-4);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });

  it("SURE for Poisson noise with spacing, at a gain where the expansion is not", () => {
    const physics = inpainting(new PoissonNoise({ gain: 0.3 }));
    const model = new SquareNet();
    const biasOf = (loss: SurePoissonLoss) =>
      average(
        (rng, batch) => {
          const x = repeat(image(), batch);
          const y = physics.forward(x, { rng });
          const xNet = model.forward(y);
          const risk = squaredError(physics.A(xNet), physics.A(x));
          return loss.forward({ xNet, y, physics, model, rng }).sub(risk).mean().reshape([1]);
        },
        { batch: 16, chunks: 1500, seed: 18 },
      );
    const exact = biasOf(new SurePoissonLoss({ gain: 0.3, spacing: 2 }));
    expect(Math.abs(exact.mean)).toBeLessThan(3 * exact.se);
    // For f(y) = y^2, A f(y) = w y^2: the expansion is off by 2 gain^2 mean(w u).
    const expansion = biasOf(new SurePoissonLoss({ gain: 0.3 }));
    const left = 2 * 0.3 ** 2 * clean().mul(weights()).mean().itemSync();
    expect(left).toBeGreaterThan(5 * exact.se);
    expect(Math.abs(expansion.mean - left)).toBeLessThan(3 * expansion.se);
  });

  it("SURE for Poisson-Gaussian noise: likewise", () => {
    const physics = inpainting(new PoissonGaussianNoise({ gain: 0.01, sigma: SIGMA }));
    const { mean, se } = bias(new SurePGLoss({ gain: 0.01, sigma: SIGMA, secondDerivative: true }), physics);
    expect(se).toBeLessThan((SIGMA ** 2 * UNMEASURED) / 10);
    expect(Math.abs(mean + SIGMA ** 2 * UNMEASURED)).toBeLessThan(3 * se);
  });

  const alpha = 0.4;
  it.each([
    // What was not measured is recorrupted, too: there y2 is noise alone.
    [
      "Gaussian",
      new GaussianNoise({ sigma: SIGMA }),
      (SIGMA ** 2 / alpha) * (1 - UNMEASURED) + ((SIGMA ** 2 * (1 - alpha)) / alpha) * UNMEASURED,
    ],
    ["Poisson", new PoissonNoise({ gain: GAIN }), undefined],
    ["Gamma", new GammaNoise({ l: 10 }), undefined],
  ] as const)("R2R for %s noise: at y1, plus the variance over alpha", (kind, noise, gaussian) => {
    const variance = kind === "Poisson" ? clean().mul(GAIN) : clean().square().div(10);
    const constant = gaussian ?? variance.mean().itemSync() / alpha;
    const { mean, se } = bias(new R2RLoss({ alpha }), inpainting(noise));
    expect(se).toBeLessThan(constant / 20);
    expect(Math.abs(mean - constant)).toBeLessThan(3 * se);
  });
});

/** The mean of squared errors over a part of the measurement, with the sums over the whole batch. */
const meanOver = (mask: Tensor, error: Tensor): Tensor =>
  error
    .square()
    .mul(mask)
    .reshape([error.shape[0] as number, -1])
    .mean(1)
    .div(mask.mean());

/** An operator that masks the measurement. */
type Masking = LinearPhysics<GaussianNoise>;

/** The operator after the identity. */
const composed = (physics: Masking): Masking => physics.compose(new Denoising());

/** The operator after a flip. */
const flipped = (physics: Masking): Masking =>
  new VirtualLinearPhysics({
    physics,
    transform: { transform: (x) => x.flip([-1]), inverse: (x) => x.flip([-1]) },
    params: {},
  });

/** Masks that are those of another generator times weights. */
class Weighted extends PhysicsGenerator {
  readonly #masks: PhysicsGenerator;
  readonly #weights: Tensor | number;

  constructor(masks: PhysicsGenerator, weights: Tensor | number) {
    super("Weighted", {}, []);
    this.#masks = masks;
    this.#weights = weights;
  }

  protected override draw(batch: number, rng: RandomSource): Record<string, Tensor> {
    const { mask } = this.#masks.step(batch, { rng });
    return { mask: (mask as Tensor).to("float64").mul(this.#weights) };
  }
}

describe("splitting with a mask of weights", () => {
  const gaussian = (): Inpainting<GaussianNoise> => inpainting(new GaussianNoise({ sigma: SIGMA }));
  const maskGenerator = new BernoulliSplittingMaskGenerator({ imgSize: [1, SIDE, SIDE], splitRatio: 0.6 });

  it.each([
    ["the default generator", undefined],
    [
      "a product of masks",
      new MultiplicativeSplittingMaskGenerator({ imgSize: [1, SIDE, SIDE], splitGenerator: maskGenerator }),
    ],
    ["a generator that gives the weights, too", new Weighted(maskGenerator, 0.4)],
    ["a composed operator", undefined, composed],
    ["a flipped operator", undefined, flipped],
  ] as const)(
    "with %s: the risk of what is measured and hidden plus sigma^2",
    (_, generator, wrap: (masking: Masking) => Masking = (masking) => masking) => {
      const loss = new SplittingLoss({ splitRatio: 0.6, ...(generator ? { maskGenerator: generator } : {}) });
      const physics = wrap(gaussian());
      const model = loss.adaptModel(new TanhNet());
      const { mean, se } = average(
        (rng, batch) => {
          const x = repeat(image(), batch);
          const y = physics.forward(x, { rng });
          const xNet = model.forward(y, physics, { updateParameters: true, rng });
          const [mask] = model.masks() as [Tensor];
          const hidden = weights().ne(0).mul(mask.eq(0).to("float64"));
          const risk = meanOver(hidden, physics.A(xNet).sub(physics.A(x)));
          return loss.forward({ xNet, y, physics, model }).sub(risk);
        },
        { ...settings, batch: 4000 },
      );
      expect(se).toBeLessThan(SIGMA ** 2 * 0.05);
      expect(Math.abs(mean - SIGMA ** 2)).toBeLessThan(3 * se);
    },
  );

  it("equivariant, with SURE for the seen part: both risks plus sigma^2", () => {
    const loss = new EquivariantSplittingLoss({
      maskGenerator,
      consistencyLoss: new SureGaussianLoss({ sigma: SIGMA }),
    });
    const [physics, model] = [gaussian(), loss.adaptModel(new TanhNet())];
    const { mean, se } = average(
      (rng, batch) => {
        const x = repeat(image(), batch);
        const y = physics.forward(x, { rng });
        const xNet = model.forward(y, physics, { updateParameters: true, rng });
        const [mask] = model.masks() as [Tensor];
        const error = physics.A(xNet).sub(physics.A(x));
        const measured = weights().ne(0);
        const parts = [mask.ne(0), mask.eq(0)].map((m) => meanOver(m.to("float64").mul(measured), error));
        return loss.forward({ xNet, y, physics, model, rng }).sub((parts[0] as Tensor).add(parts[1] as Tensor));
      },
      { ...settings, batch: 4000 },
    );
    expect(se).toBeLessThan(SIGMA ** 2 * 0.1);
    expect(Math.abs(mean - SIGMA ** 2)).toBeLessThan(3 * se);
  });

  it("over time (Phase2Phase): the risk of the frames to predict plus sigma^2", () => {
    const imgSize = [2, 2, 3, 3];
    const mask = tensor(
      Float64Array.from({ length: 18 }, (_, i) => (i % 5 === 1 ? 0 : 1 + 0.6 * Math.cos(2.3 * i))),
      { shape: [1, 1, 2, 3, 3] },
    );
    const dynamic = new DynamicMRI({ mask, noiseModel: new GaussianNoise({ sigma: SIGMA }) });
    // A network for frames: the zero-filled image, bent.
    const network = new Bent();
    const loss = new mri.Phase2PhaseLoss({ imgSize, exactMean: true });
    const model = loss.adaptModel(network);
    const x = new Rng(3).normal([1, ...imgSize], { dtype: "float64" });
    const { mean, se } = average(
      (rng, batch) => {
        const u = repeat(x, batch);
        const y = dynamic.forward(u, { rng });
        const xNet = model.forward(y, dynamic, { updateParameters: true, rng });
        const choice = model.frames()[0] as readonly number[];
        const other = loss.generator.target(model.frames(), rng)[0] as readonly number[];
        expect([...choice, ...other].sort()).toEqual([0, 1]);
        const frame = (t: Tensor, i: number): Tensor =>
          t.slice([0, 0, i, 0, 0], [t.shape[0] as number, t.shape[1] as number, i + 1, 3, 3]);
        const target = other[0] as number;
        const part = new DynamicMRI({ mask: frame(dynamic.mask, target) });
        const error = part.A(xNet.sub(frame(u, target)));
        const risk = meanOver(frame(dynamic.mask, target).ne(0), error);
        return loss.forward({ xNet, y, physics: dynamic, model, rng }).sub(risk);
      },
      { ...settings, batch: 2000 },
    );
    expect(se).toBeLessThan(SIGMA ** 2 * 0.1);
    expect(Math.abs(mean - SIGMA ** 2)).toBeLessThan(3 * se);
  });
});

/** Bends the zero-filled image, so that the reconstruction depends on the mask and on the data. */
class Bent extends Module {
  forward(y: Tensor, physics?: unknown): Tensor {
    return (physics as LinearPhysics).AAdjoint(y).mul(1.5).tanh();
  }
}

describe("losses over random masks, times weights", () => {
  it("ENSURE: the weighted error of the measurement, with probabilities from a generator of such masks", () => {
    const p = tensor(
      Float64Array.from({ length: SIDE }, (_, i) => 0.4 + 0.1 * i),
      { shape: [1, 1, 1, SIDE] },
    );
    class Columns extends PhysicsGenerator {
      constructor() {
        super("Columns", {}, []);
      }
      protected override draw(batch: number, rng: RandomSource): Record<string, Tensor> {
        const columns = rng.uniform([batch, 1, 1, SIDE], p).lt(p);
        return { mask: columns.expand([batch, 1, SIDE, SIDE]).mul(weights().add(0.3)) };
      }
    }
    const model = new TanhNet();
    const generator = new Columns();
    const biasOf = (loss: mri.ENSURELoss) =>
      average(
        (rng, batch) => {
          const x = repeat(image(), batch);
          const mask = generator.step(batch, { rng }).mask as Tensor;
          const noiseModel = new GaussianNoise({ sigma: SIGMA });
          const operator = new Inpainting({ imgSize: [1, SIDE, SIDE], mask, noiseModel });
          const y = operator.forward(x, { rng });
          const xNet = model.forward(y);
          const weight = p.rsqrt();
          const risk = squaredError(operator.A(xNet).mul(weight), operator.A(x).mul(weight));
          return loss.forward({ xNet, y, physics: operator, model, rng }).sub(risk);
        },
        { batch: 500, chunks: 60, seed: 1 },
      );
    const known = biasOf(new mri.ENSURELoss({ sigma: SIGMA, maskAverage: p, tau: 1e-3 }));
    expect(known.se).toBeLessThan(2e-3);
    expect(Math.abs(known.mean)).toBeLessThan(3 * known.se);
    // Probabilities from 2000 draws are known to some 2 %; the mean of the weights themselves would be 30 % off.
    const drawn = biasOf(new mri.ENSURELoss({ sigma: SIGMA, physicsGenerator: generator, tau: 1e-3 }));
    expect(Math.abs(drawn.mean)).toBeLessThan(3 * drawn.se + 0.03 * SIGMA ** 2);
  });

  it("weighted splitting: the error in the columns that were not given to the network", () => {
    const [height, width] = [3, 12];
    const imgSize = [2, height, width];
    const masks = new PolyOrderMaskGenerator({ imgSize, acceleration: 2, centerFraction: 0.1, polyOrder: 2 });
    const splitGenerator = new PolyOrderMaskGenerator({
      imgSize,
      acceleration: 1.5,
      centerFraction: 0.1,
      polyOrder: 1,
    });
    const density = tensor(
      Float64Array.from({ length: width }, (_, i) => 1 + 0.6 * Math.cos(2.3 * i)),
      { shape: [1, 1, 1, width] },
    );
    const physicsGenerator = new Weighted(masks, density);
    const maskGenerator = new MultiplicativeSplittingMaskGenerator({ imgSize, splitGenerator });
    const [pdf, pdfSplit] = [tensor(masks.getPdf()), tensor(splitGenerator.getPdf())];
    const loss = new mri.WeightedSplittingLoss({ maskGenerator, pdf, pdfSplit });
    const x = new Rng(8).normal([1, ...imgSize], { dtype: "float64" });
    const whole = new MRI({ mask: density.expand([1, 1, height, width]).mul(1) });
    const model = loss.adaptModel(new Bent());
    const { mean, se } = average(
      (rng, batch) => {
        const u = repeat(x, batch);
        const mask = physicsGenerator.step(batch, { rng }).mask as Tensor;
        const operator = new MRI({ mask });
        const y = operator.forward(u, { rng });
        const xNet = model.forward(y, operator, { updateParameters: true, rng });
        const hidden = (model.masks()[0] as Tensor).mul(mask).eq(0);
        const error = whole.A(xNet.sub(u)).mul(hidden);
        return loss.forward({ xNet, y, physics: operator, model }).sub(error.square().reshape([batch, -1]).mean(1));
      },
      { batch: 500, chunks: 40, seed: 2 },
    );
    expect(Math.abs(mean)).toBeLessThan(3 * se);
    // The weights of the columns from a generator with weights are those of its masks.
    const drawn = new mri.WeightedSplittingLoss({ maskGenerator, physicsGenerator, pdfSplit });
    const plain = new mri.WeightedSplittingLoss({ maskGenerator, physicsGenerator: masks, pdfSplit });
    const difference = drawn.weight([height, width]).sub(plain.weight([height, width]).to("float64"));
    expect(difference.abs().max().itemSync()).toBeLessThan(1e-6);
  });
});
