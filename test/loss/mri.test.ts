import { beforeAll, describe, expect, it } from "vitest";
import { mri } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import * as physics from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init, ShapeError } from "../../ts/runtime/index.js";
import { full, grad, tensor, type Tensor } from "../../ts/tensor/index.js";
import { expectError } from "../physics/helpers.js";

beforeAll(() => init({ device: "cpu" }));

/** The zero-filled image times a weight. */
class ZeroFilled extends Module {
  readonly gain = full([1], 1).requiresGrad_();
  seen: Tensor | undefined;

  forward(y: Tensor, operator?: unknown): Tensor {
    this.seen = y;
    return (operator as physics.LinearPhysics).AAdjoint(y).mul(this.gain);
  }
}

const imgSize = [2, 6, 16];
const physicsGenerator = new physics.RandomMaskGenerator({ imgSize });
const splitGenerator = new physics.RandomMaskGenerator({ imgSize, acceleration: 2 });
const maskGenerator = new physics.MultiplicativeSplittingMaskGenerator({ imgSize, splitGenerator });

function slice(sigma = 0.1) {
  const rng = new Rng(1);
  const mask = physicsGenerator.step(2, { rng }).mask as Tensor;
  const operator = new physics.MRI({ mask, noiseModel: new physics.GaussianNoise({ sigma }) });
  return { rng, operator, y: operator.forward(rng.normal([2, ...imgSize]), { rng }) };
}

describe("weighted and robust splitting", () => {
  it("the weights are 1 in the fully sampled centre and the formula elsewhere", () => {
    const loss = new mri.WeightedSplittingLoss({ maskGenerator, physicsGenerator });
    const weight = Array.from(loss.weight([6, 16]).dataSync());
    expect(weight).toHaveLength(16);
    expect(weight[8]).toBeCloseTo(1, 6);
    // Outside the centre of one column: 3 of 15, then 7 of 15.
    const [p, split] = [3 / 15, 7 / 15];
    const expected = (1 - (1 - p) / (1 - split * p)) ** -0.5;
    for (const [i, w] of weight.entries()) if (i !== 8) expect(Math.abs(w / expected - 1)).toBeLessThan(0.12);
    expect(Array.from(loss.weight([6, 16]).dataSync())).toEqual(weight);
  });

  it("normalizeLoss divides by the share of what is predicted", () => {
    const { rng, operator, y } = slice();
    const build = (normalizeLoss: boolean) =>
      new mri.WeightedSplittingLoss({ maskGenerator, physicsGenerator, normalizeLoss });
    const model = build(false).adaptModel(new ZeroFilled());
    const xNet = model.forward(y, operator, { updateParameters: true, rng });
    const args = { xNet, y, physics: operator, model };
    const hidden = operator.mask.sub((model.masks()[0] as Tensor).mul(operator.mask));
    const ratio = build(true).forward(args).div(build(false).forward(args)).dataSync();
    for (const r of ratio) expect(r * hidden.mean().itemSync()).toBeCloseTo(1, 4);
  });

  it("robust: the caller's noise model keeps its level, and the network sees further noise in training only", () => {
    const { rng, operator, y } = slice(0.2);
    const loss = new mri.RobustSplittingLoss({
      maskGenerator,
      physicsGenerator,
      noiseModel: operator.noiseModel,
      alpha: 0.5,
    });
    const network = new ZeroFilled();
    const model = loss.adaptModel(network);
    const big = { y: y.mul(0), physics: operator };
    let [sum, n] = [0, 0];
    for (let i = 0; i < 50; i++) {
      const xNet = model.forward(big.y, operator, { updateParameters: true, rng });
      const seen = network.seen as Tensor;
      sum += seen.square().sum().itemSync();
      n += seen.ne(0).sum().itemSync();
      loss.forward({ xNet, y: big.y, physics: operator, model });
    }
    expect(Math.abs(Math.sqrt(sum / n) - 0.1)).toBeLessThan(0.003);
    expect(operator.noiseModel.sigma).toBe(0.2);
    model.eval();
    model.forward(y, operator, { rng });
    expect((network.seen as Tensor).sub(y).abs().max().itemSync()).toBe(0);
  });

  it("name what is missing, and empty masks", () => {
    const { rng, operator, y } = slice();
    expectError(
      () => new mri.WeightedSplittingLoss({ maskGenerator } as never),
      ArgumentError,
      "missing_argument",
      "physicsGenerator",
    );
    expectError(
      () => new mri.WeightedSplittingLoss({ physicsGenerator } as never),
      ArgumentError,
      "missing_argument",
      "maskGenerator",
    );
    expectError(
      () => new mri.RobustSplittingLoss({ maskGenerator, physicsGenerator, alpha: 0 }),
      ArgumentError,
      "invalid_argument",
      "alpha",
    );
    expectError(
      () =>
        new mri.RobustSplittingLoss({
          maskGenerator,
          physicsGenerator,
          noiseModel: new physics.PoissonNoise() as never,
        }),
      ArgumentError,
      "incompatible_physics",
    );
    const loss = new mri.WeightedSplittingLoss({ maskGenerator, physicsGenerator });
    expectError(
      () => loss.forward({ xNet: y, y, physics: operator, model: new ZeroFilled() as never }),
      ArgumentError,
      "model_not_adapted",
    );
    const model = loss.adaptModel(new ZeroFilled());
    const xNet = model.forward(y, operator, { updateParameters: true, rng });
    const empty = new physics.MRI({
      mask: operator.mask.mul(tensor([1, 0], { shape: [2, 1, 1, 1] })),
      noiseModel: operator.noiseModel,
    });
    expectError(() => loss.forward({ xNet, y, physics: empty, model }), ArgumentError, "empty_mask");
    const blurred = new physics.Denoising({ noiseModel: new physics.GaussianNoise() });
    expectError(
      () => loss.forward({ xNet, y, physics: blurred as never, model }),
      ArgumentError,
      "incompatible_physics",
      "SplittingLoss",
    );
  });
});

describe("splitting over time", () => {
  const size = [2, 6, 4, 5];
  function video(batch: number, rng: Rng) {
    const mask = rng.bernoulli([batch, 1, 6, 4, 5], 0.5);
    const operator = new physics.DynamicMRI({ mask, noiseModel: new physics.GaussianNoise() });
    return { operator, y: operator.forward(rng.normal([batch, ...size]), { rng }) };
  }

  it("Artifact2Artifact: the target of each image of a batch is never its own input", () => {
    const rng = new Rng(2);
    const { operator, y } = video(3, rng);
    const loss = new mri.Artifact2ArtifactLoss({ imgSize: size, splitSize: [1, 2, 3] });
    const model = loss.adaptModel(new ZeroFilled());
    const inputs = new Set<string>();
    for (let call = 0; call < 60; call++) {
      const xNet = model.forward(y, operator, { updateParameters: true, rng });
      const input = model.frames();
      const target = loss.generator.target(input, rng);
      input.forEach((frames, b) => {
        inputs.add(frames.join());
        expect(frames.filter((f) => (target[b] as readonly number[]).includes(f))).toEqual([]);
        expect(target[b]).toHaveLength(frames.length);
      });
      const value = loss.forward({ xNet, y, physics: operator, model, rng });
      expect(value.shape).toEqual([3]);
      for (const v of value.dataSync()) expect(v).toBeGreaterThan(0);
    }
    expect(inputs.size).toBe(6 + 3 + 2);
  });

  it("each image is compared in its own frames", () => {
    const rng = new Rng(3);
    const { operator, y } = video(2, rng);
    const loss = new mri.Artifact2ArtifactLoss({ imgSize: size, splitSize: 3, exactMean: true });
    const model = loss.adaptModel(new ZeroFilled());
    const xNet = model.forward(y, operator, { updateParameters: true, rng });
    const value = loss.forward({ xNet, y, physics: operator, model, rng }).dataSync();
    // Two chunks: the target is the other one. Computed directly, image by image.
    const share: number[] = [];
    const sums = model.frames().map(([first], b) => {
      const from = first === 0 ? 3 : 0;
      const cut = (t: Tensor) => t.slice([b, 0, from, 0, 0], [b + 1, 2, from + 3, 4, 5]);
      const mask = cut(operator.mask);
      share.push(mask.mean().itemSync());
      const static3 = new physics.DynamicMRI({ mask });
      return static3
        .A(xNet.slice([b, 0, 0, 0, 0], [b + 1, 2, 3, 4, 5]))
        .sub(cut(y))
        .square()
        .mean()
        .itemSync();
    });
    const mean = ((share[0] as number) + (share[1] as number)) / 2;
    sums.forEach((s, b) => expect(value[b]).toBeCloseTo(s / mean, 5));
  });

  it("exactMean: the mean over what is predicted; by default it is larger by T / (number of target frames)", () => {
    const rng = new Rng(4);
    const { operator, y } = video(2, rng);
    const build = (exactMean: boolean) => new mri.Phase2PhaseLoss({ imgSize: size, exactMean });
    const model = build(true).adaptModel(new ZeroFilled());
    const xNet = model.forward(y, operator, { updateParameters: true, rng }).mul(0);
    const args = { xNet, y, physics: operator, model };
    // A reconstruction of zero leaves the mean square of the observed entries of the odd frames.
    const odd = [1, 3, 5].map((t) => y.select(2, t));
    const measured = [1, 3, 5].map((t) => operator.mask.select(2, t));
    const total =
      odd.reduce((a, t) => a + t.square().sum().itemSync(), 0) / measured.reduce((a, t) => a + t.sum().itemSync(), 0);
    expect(build(true).forward(args).mean().itemSync()).toBeCloseTo(total, 5);
    expect(build(false).forward(args).div(build(true).forward(args)).mean().itemSync()).toBeCloseTo(2, 5);
  });

  it("a static network trains on sequences; evaluation sees every frame and keeps no gradient", () => {
    const rng = new Rng(5);
    const mask = rng.bernoulli([1, 1, 6, 4, 5], 0.5);
    // Without noise the frames agree wherever they meet, and there is nothing to learn.
    const operator = new physics.SequentialMRI({ mask, noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) });
    const y = operator.forward(rng.normal([2, 2, 4, 5]), { rng });
    for (const loss of [
      new mri.Phase2PhaseLoss({ imgSize: size, dynamicModel: false }),
      new mri.Artifact2ArtifactLoss({ imgSize: size, dynamicModel: false }),
    ]) {
      const network = new ZeroFilled();
      const model = loss.adaptModel(network);
      expect(model.namedParameters().map(([name]) => name)).toEqual(["model.backbone_net.gain"]);
      const xNet = model.forward(y, operator, { updateParameters: true, rng });
      const value = loss.forward({ xNet, y, physics: operator as never, model: model as never, rng });
      expect(value.shape).toEqual([2]);
      expect(Math.abs((grad(value.mean(), [network.gain])[0] as Tensor).itemSync())).toBeGreaterThan(1e-3);
      model.eval();
      const whole = model.forward(y, operator, { rng });
      expect(whole.shape).toEqual([2, 2, 4, 5]);
      expect(whole.requiresGrad).toBe(false);
      expect(
        whole
          .sub(operator.toStatic().AAdjoint(operator.average(y)))
          .abs()
          .max()
          .itemSync(),
      ).toBeLessThan(1e-5);
    }
  });

  it("name what does not fit", () => {
    const rng = new Rng(6);
    const { operator, y } = video(1, rng);
    expectError(() => new mri.Phase2PhaseLoss({ imgSize: [2, 5, 4, 4] }), ArgumentError, "invalid_argument", "odd");
    expectError(
      () => new mri.Artifact2ArtifactLoss({ imgSize: size, splitSize: 4 }),
      ArgumentError,
      "invalid_argument",
      "divide",
    );
    const loss = new mri.Phase2PhaseLoss({ imgSize: [2, 4, 4, 5] });
    const model = loss.adaptModel(new ZeroFilled());
    expectError(() => model.forward(y, operator), ShapeError, "shape_mismatch", "imgSize");
    expectError(
      () => loss.forward({ xNet: y, y, physics: operator, model }),
      ArgumentError,
      "missing_argument",
      "updateParameters",
    );
    const nothing = new physics.DynamicMRI({
      mask: operator.mask.mul(tensor([1, 0, 1, 0, 1, 0], { shape: [1, 1, 6, 1, 1] })),
    });
    const whole = new mri.Phase2PhaseLoss({ imgSize: size });
    const adapted = whole.adaptModel(new ZeroFilled());
    const xNet = adapted.forward(y, nothing, { updateParameters: true });
    expectError(
      () => whole.forward({ xNet, y, physics: nothing, model: adapted }),
      ArgumentError,
      "empty_split",
      "to predict",
    );
  });
});

describe("ENSURE", () => {
  function inpainting() {
    const mask = tensor([1, 1, 0, 0], { shape: [1, 1, 1, 4] }).expand([1, 1, 3, 4]);
    const operator = new physics.Inpainting({ imgSize: [1, 3, 4], mask, noiseModel: new physics.GaussianNoise() });
    const rng = new Rng(7);
    return { operator, y: operator.forward(rng.normal([2, 1, 3, 4]), { rng }) };
  }

  it("names missing and wrong options, and probabilities that do not fit", () => {
    const { operator, y } = inpainting();
    const model = new ZeroFilled();
    expectError(() => new mri.ENSURELoss({ sigma: 0.1 }), ArgumentError, "missing_argument", "physicsGenerator");
    expectError(() => new mri.ENSURELoss({ physicsGenerator } as never), ArgumentError, "missing_argument", "sigma");
    expectError(
      () => new mri.ENSURELoss({ sigma: 0.1, physicsGenerator, tau: 0 }),
      ArgumentError,
      "invalid_argument",
      "tau",
    );
    const other = new mri.ENSURELoss({ sigma: 0.1, physicsGenerator });
    expectError(() => other.forward({ xNet: y, y, physics: operator, model }), ShapeError, "shape_mismatch", "average");
  });
});
