import { beforeAll, describe, expect, it } from "vitest";
import {
  LearningToRecorruptLoss,
  type LearningToRecorruptLossOptions,
  Recorruptor,
  RecorruptorNet,
  type RecorruptorNetOptions,
} from "../../ts/loss/index.js";
import { Module, type Reconstructor } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise, LaplaceNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { linspace, ones, tensor, type Tensor, zeros } from "../../ts/tensor/index.js";
import { average, image, repeat, squaredError, TanhNet } from "./helpers.js";

beforeAll(() => init({ device: "cpu" }));

const like = { dtype: "float64" } as const;
const SIGMA = 0.3;
const gaussian = new Denoising({ noiseModel: new GaussianNoise({ sigma: SIGMA }) });
const laplace = new Denoising({ noiseModel: new LaplaceNoise({ b: SIGMA }) });

/** Normal noise of a scale that is learned. */
class Scaled extends Recorruptor {
  readonly scale = tensor([SIGMA], like).requiresGrad_();
  forward(w: Tensor): Tensor {
    return w.mul(this.scale);
  }
}

/** Laplace noise, from normal numbers by the inverse of its distribution: `-b sign(w) log(1 - erf(|w| / sqrt(2)))`. */
class Heavy extends Scaled {
  override forward(w: Tensor): Tensor {
    const tail = w.abs().div(Math.SQRT2).erf().neg().add(1).log();
    return w.sign().mul(tail).neg().mul(this.scale);
  }
}

/** `factor y`. */
class Times extends Module {
  constructor(readonly factor: number) {
    super();
  }
  forward(y: Tensor): Tensor {
    return y.mul(this.factor);
  }
}

/** The loss less the squared error of the reconstruction; in the mean the variance of the noise. */
const excess = (options: LearningToRecorruptLossOptions, physics: typeof gaussian | typeof laplace, batch = 1000) => {
  const loss = new LearningToRecorruptLoss({ recorruptorLr: 0, ...options });
  const model = loss.adaptModel(new TanhNet());
  return average(
    (rng, count) => {
      const x = repeat(image(), count);
      const y = physics.forward(x, { rng });
      const xNet = model.forward(y, physics, { updateParameters: true, rng });
      return loss.forward({ xNet, y, physics, model }).sub(squaredError(xNet, x));
    },
    { batch, chunks: 10, seed: 4 },
  );
};

/** The scale of a noise that is learned, after one step with a network. */
const learnedScale = (network: Module & Reconstructor, options: LearningToRecorruptLossOptions = {}) => {
  const recorruptor = new Scaled();
  const loss = new LearningToRecorruptLoss({ recorruptor, recorruptorLr: 0.01, ...options });
  const model = loss.adaptModel(network);
  const rng = new Rng(3);
  const y = gaussian.forward(repeat(image(), 200), { rng });
  const step = () => {
    const xNet = model.forward(y, gaussian, { updateParameters: true, rng });
    loss.forward({ xNet, y, physics: gaussian, model });
    return recorruptor.scale.itemSync();
  };
  return { loss, recorruptor, model, step };
};

describe("LearningToRecorruptLoss", () => {
  it.each([0.3, 0.5, 1, 2])("Gaussian noise that is known, alpha %s: the error plus its variance", (alpha) => {
    const { mean, se } = excess({ alpha, recorruptor: new Scaled() }, gaussian);
    expect(se).toBeLessThan(SIGMA ** 2 * 0.05);
    expect(Math.abs(mean - SIGMA ** 2)).toBeLessThan(3 * se);
  });

  it("Laplace noise that is known, alpha 1: the error plus its variance, 2 b^2; with normal noise it is not", () => {
    const variance = 2 * SIGMA ** 2;
    const { mean, se } = excess({ alpha: 1, recorruptor: new Heavy() }, laplace, 2000);
    expect(se).toBeLessThan(variance * 0.03);
    expect(Math.abs(mean - variance)).toBeLessThan(3 * se);
    const other = excess({ alpha: 1, recorruptor: new Scaled() }, laplace);
    expect(Math.abs(other.mean - variance)).toBeGreaterThan(5 * other.se);
  });

  it("makes the noise larger where the reconstruction goes along with it, and smaller where it goes against", () => {
    // Adam's first step is the rate; its weight decay is too small to be seen.
    expect(learnedScale(new Times(0.5)).step()).toBeCloseTo(SIGMA + 0.01, 5);
    expect(learnedScale(new Times(-0.5)).step()).toBeCloseTo(SIGMA - 0.01, 5);
  });

  it("in evaluation averages over draws and learns nothing", () => {
    const { model, recorruptor, step } = learnedScale(new Times(0.5), { evalNSamples: 3 });
    model.eval();
    const y = repeat(image(), 4);
    const rng = new Rng(8);
    const noise = new Rng(8);
    const xNet = model.forward(y, gaussian, { rng });
    const draws = [0, 1, 2].map(() => noise.normal([...y.shape], y)).reduce((a, b) => a.add(b));
    const expected = y.add(draws.mul((0.5 * SIGMA) / 3)).mul(0.5);
    expect(xNet.sub(expected).abs().max().itemSync()).toBeLessThan(1e-12);
    expect(recorruptor.scale.itemSync()).toBe(SIGMA);
    model.train();
    expect(step()).not.toBe(SIGMA);
  });

  it("goes on from its state with the same bits", () => {
    const [here, there] = [learnedScale(new Times(0.5)), learnedScale(new Times(0.5))];
    here.step();
    const state = here.loss.stateDict();
    expect(Object.keys(state)).toEqual(["recorruptor.scale", "optimizer.steps", "optimizer.0.m", "optimizer.0.v"]);
    const then = here.step();
    there.step();
    here.step();
    here.loss.loadStateDict(state);
    there.loss.loadStateDict(state);
    expect(here.recorruptor.scale.itemSync()).toBe(there.recorruptor.scale.itemSync());
    expect(there.step()).toBeCloseTo(then, 4);
    // Of a state before the first step the running means are forgotten too.
    there.loss.loadStateDict({ "recorruptor.scale": tensor([SIGMA], like), "optimizer.steps": tensor([0]) });
    expect(there.step()).toBeCloseTo(SIGMA + 0.01, 5);
  });

  it("keeps the noise that is learned out of the weights of the model", () => {
    const model = new LearningToRecorruptLoss().adaptModel(new Times(1));
    expect(model.parameters()).toEqual([]);
  });
});

describe("RecorruptorNet", () => {
  const ramp = () => linspace(-4, 4, 81, like).reshape([1, 1, 9, 9]);

  it("is an increasing function of each number, of mean 0 and deviation sigma over the batch", () => {
    const w = ramp();
    for (const seed of [1, 2, 3, 4, 5]) {
      const net = new RecorruptorNet({ rng: new Rng(seed), ...like, sigma: 0.2, depth: 4, hiddenFeatures: 7 });
      const h = Array.from(net.forward(w, w).dataSync());
      expect(h.every((value, i) => i === 0 || value > (h[i - 1] as number))).toBe(true);
      const mean = h.reduce((a, b) => a + b) / h.length;
      expect(mean).toBeCloseTo(0, 6);
      // The batch normalisation adds 1e-5 to a variance that is small at first.
      expect(Math.sqrt(h.reduce((a, b) => a + (b - mean) ** 2, 0) / h.length)).toBeLessThanOrEqual(0.2);
    }
  });

  it("multiplicative: sqrt(y) times as large, and nearly nothing where y is not above 0", () => {
    const w = ramp();
    const net = (multiplicative: boolean) => new RecorruptorNet({ ...like, net: "identity", multiplicative });
    const [plain, scaled] = [net(false).forward(w, w), net(true).forward(w, w.mul(0).add(4))];
    expect(scaled.sub(plain.mul(2)).abs().max().itemSync()).toBeLessThan(1e-12);
    expect(
      net(true)
        .forward(w, zeros([1, 1, 9, 9], like))
        .abs()
        .max()
        .itemSync(),
    ).toBeLessThan(2e-4);
  });

  it("a kernel of three equal rows and columns correlates neighbours by 2 / 3", () => {
    const noise = new Rng(1).normal([2000, 1, 9, 9], like);
    const net = new RecorruptorNet({ ...like, net: "identity", kernelSize: 3 });
    net.sigma.assign_(ones([1, 1, 3, 3], like));
    const h = net.forward(noise, noise);
    const inside = (from: number) => h.slice([0, 0, 3, from], [undefined, undefined, 5, from + 4]);
    const correlation = inside(2).mul(inside(3)).mean().div(inside(3).square().mean());
    expect(Math.abs(correlation.itemSync() - 2 / 3)).toBeLessThan(4 / Math.sqrt(2000));
  });

  it("begins with the same weights each time, unless it is given a stream", () => {
    const weights = (options: RecorruptorNetOptions) =>
      Object.values(new RecorruptorNet(options).stateDict()).flatMap((t) => Array.from((t as Tensor).dataSync()));
    for (const options of [{}, { kernelSize: 3 }, { net: "mlp" as const }]) {
      expect(weights(options)).toEqual(weights(options));
      expect(weights({ ...options, rng: new Rng(1) })).not.toEqual(weights(options));
    }
  });

  it("refuses noise and measurements of different shapes", () => {
    const w = ramp();
    expect(() => new RecorruptorNet().forward(w, w.reshape([1, 81]))).toThrow("they must agree");
  });
});
