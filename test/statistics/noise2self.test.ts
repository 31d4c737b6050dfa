import { beforeAll, describe, expect, it } from "vitest";
import { Noise2SelfLoss } from "../../ts/loss/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { ReplayRng, Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { noGrad, tensor, where } from "../../ts/tensor/index.js";
import { average, image, repeat, SIDE, squaredError, TanhNet } from "./helpers.js";

beforeAll(() => init({ device: "cpu" }));

const SIGMA = 0.2;
const physics = () => new Denoising({ noiseModel: new GaussianNoise({ sigma: SIGMA }) });
const noisy = () => physics().forward(image(), { rng: new Rng(1) });

/** 1 in one set of a grid, `[1, 1, 6, 6]`. */
const members = (set: number, width: number) =>
  tensor(
    Float64Array.from({ length: SIDE ** 2 }, (_, i) => {
      const [row, column] = [Math.floor(i / SIDE), i % SIDE];
      return row % width === Math.floor(set / width) && column % width === set % width ? 1 : 0;
    }),
    { shape: [1, 1, SIDE, SIDE] },
  );

describe.each([2, 3])("Noise2SelfLoss of width %i", (width) => {
  const adapted = (evaluation: boolean, evalJInvariant = true) => {
    const loss = new Noise2SelfLoss({ width, evalJInvariant });
    const model = loss.adaptModel(new TanhNet());
    if (evaluation) model.eval();
    return { loss, model };
  };
  const sets = Array.from({ length: width ** 2 }, (_, set) => set);

  it("in evaluation is J-invariant: no pixel depends on those of its set, and each on others", () => {
    const { model } = adapted(true);
    const y = noisy();
    const g = model.forward(y, physics());
    for (const set of sets) {
      const mask = members(set, width);
      const changed = model.forward(where(mask, y.mul(-50).add(3), y), physics());
      const difference = changed.sub(g).abs();
      expect(difference.mul(mask).max().itemSync(), `set ${set}`).toBe(0);
      expect(difference.add(mask).min().itemSync(), `set ${set}`).toBeGreaterThan(0);
    }
  });

  it("over all sets the loss is the error of the J-invariant prediction against the measurement, exactly", () => {
    const y = noisy();
    const { loss, model } = adapted(false);
    const values = noGrad(() =>
      sets.map((set) => {
        const rng = new ReplayRng([{ kind: "randint", tensor: tensor([set]) }]);
        const xNet = model.forward(y, physics(), { updateParameters: true, rng });
        return loss.forward({ xNet, y, physics: physics(), model }).itemSync();
      }),
    );
    const g = adapted(true).model.forward(y, physics());
    expect(values.reduce((a, b) => a + b) / values.length).toBeCloseTo(squaredError(g, y).itemSync(), 12);
  });

  it("in the mean is the error of the J-invariant prediction plus the variance of the noise", () => {
    const [training, evaluation] = [adapted(false), adapted(true)];
    const { mean, se } = average(
      (rng, batch) => {
        const x = repeat(image(), batch);
        const y = physics().forward(x, { rng });
        const xNet = training.model.forward(y, physics(), { updateParameters: true, rng });
        const value = training.loss.forward({ xNet, y, physics: physics(), model: training.model });
        return value.sub(squaredError(evaluation.model.forward(y, physics()), x));
      },
      { batch: 1000, chunks: 20, seed: 7 },
    );
    expect(se).toBeLessThan(SIGMA ** 2 * 0.05);
    expect(Math.abs(mean - SIGMA ** 2)).toBeLessThan(3 * se);
  });

  it("the plain network's error against the measurement is not, and evalJInvariant: false returns that network", () => {
    const { model } = adapted(true, false);
    const y = noisy();
    expect(Array.from(model.forward(y, physics()).dataSync())).toEqual(Array.from(new TanhNet().forward(y).dataSync()));
    const { mean, se } = average(
      (rng, batch) => {
        const x = repeat(image(), batch);
        const measured = physics().forward(x, { rng });
        const xNet = model.forward(measured, physics());
        return squaredError(xNet, measured).sub(squaredError(xNet, x));
      },
      { batch: 1000, chunks: 4, seed: 7 },
    );
    expect(Math.abs(mean - SIGMA ** 2)).toBeGreaterThan(10 * se);
  });
});

describe("Noise2SelfLoss", () => {
  it("on a constant image hides nothing: the local average is the constant, at the border too", () => {
    const model = new Noise2SelfLoss().adaptModel(new TanhNet());
    const y = image().mul(0).add(0.7);
    const seen = model.forward(y, physics(), { rng: new Rng(2) });
    expect(seen.sub(new TanhNet().forward(y)).abs().max().itemSync()).toBeLessThan(1e-12);
  });

  it("refuses images that are smaller than the grid", () => {
    const model = new Noise2SelfLoss({ width: 8 }).adaptModel(new TanhNet());
    expect(() => model.forward(image(), physics())).toThrow("of at least 8, the width of the grid");
  });
});
