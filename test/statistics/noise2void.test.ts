import { beforeAll, describe, expect, it } from "vitest";
import { Noise2VoidLoss, type Noise2VoidLossOptions } from "../../ts/loss/index.js";
import { Module, type Reconstructor } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { where, type Tensor } from "../../ts/tensor/index.js";
import { average, image, repeat, SIDE, TanhNet } from "./helpers.js";

beforeAll(() => init({ device: "cpu" }));

const SIGMA = 0.2;
const physics = () => new Denoising({ noiseModel: new GaussianNoise({ sigma: SIGMA }) });
const variants: readonly [string, Noise2VoidLossOptions][] = [
  ["uniform", { window: 5 }],
  ["median", { window: 3, replacement: "median" }],
];

/** A network that keeps what it was given. */
class Recorded extends Module {
  readonly seen: Tensor[] = [];
  forward(y: Tensor): Tensor {
    this.seen.push(y);
    return y;
  }
}

/** The mean of the pixels to the left and to the right. */
class Sides extends Module {
  forward(y: Tensor): Tensor {
    return y
      .roll([1], [3])
      .add(y.roll([-1], [3]))
      .div(2);
  }
}

/** Noise of level sigma that is the same in `length` neighbours of each row. */
function alongRows(s: Tensor, length: number, rng: Rng): Tensor {
  const [batch = 0] = s.shape;
  const drawn = rng.normal([batch, 1, SIDE, SIDE / length, 1], s).mul(SIGMA);
  return s.add(drawn.expand([batch, 1, SIDE, SIDE / length, length]).reshape([...s.shape]));
}

/** The loss less the squared error at the spots against the clean image; in the mean the variance of the noise. */
const excess = (
  options: Noise2VoidLossOptions,
  network: Module & Reconstructor,
  measure: (s: Tensor, rng: Rng) => Tensor,
) => {
  const loss = new Noise2VoidLoss({ rate: 1 / 9, ...options });
  const model = loss.adaptModel(network);
  return average(
    (rng, batch) => {
      const s = repeat(image(), batch);
      const y = measure(s, rng);
      const xNet = model.forward(y, physics(), { updateParameters: true, rng });
      const spots = model.spots();
      const risk = xNet
        .sub(s)
        .mul(spots)
        .square()
        .reshape([batch, -1])
        .sum(1)
        .div(spots.reshape([batch, -1]).sum(1));
      return loss.forward({ xNet, y, physics: physics(), model }).sub(risk);
    },
    { batch: 1000, chunks: 8, seed: 11 },
  );
};

describe("Noise2VoidLoss", () => {
  it.each(variants)("%s: in the mean the error at the spots plus the variance of the noise", (_, options) => {
    const { mean, se } = excess(options, new TanhNet(), (s, rng) => physics().forward(s, { rng }));
    expect(se).toBeLessThan(SIGMA ** 2 * 0.05);
    expect(Math.abs(mean - SIGMA ** 2)).toBeLessThan(3 * se);
  });

  it.each(variants)(
    "%s: noise that neighbours share is biased with spots alone, not with hidden rows",
    (_, options) => {
      const shared = (s: Tensor, rng: Rng) => alongRows(s, 2, rng);
      const alone = excess(options, new Sides(), shared);
      expect(Math.abs(alone.mean - SIGMA ** 2)).toBeGreaterThan(5 * alone.se);
      const hidden = excess({ ...options, structAxis: "horizontal", structSpan: 3 }, new Sides(), shared);
      expect(Math.abs(hidden.mean - SIGMA ** 2)).toBeLessThan(3 * hidden.se);
    },
  );

  const structures: readonly [string, Noise2VoidLossOptions][] = variants.flatMap(([name, options]) =>
    (["none", "horizontal", "vertical", "both"] as const).map((structAxis): [string, Noise2VoidLossOptions] => [
      `${name}, ${structAxis}`,
      { rate: 0.05, ...options, structAxis, structSpan: 3 },
    ]),
  );

  it.each(structures)("%s: what the network sees does not depend on what is hidden", (_, options) => {
    const y = new Rng(1).uniform([2, 2, 12, 14], { dtype: "float64" });
    const network = new Recorded();
    const loss = new Noise2VoidLoss(options);
    const model = loss.adaptModel(network);
    const pass = (measured: Tensor): Tensor => {
      model.forward(measured, physics(), { updateParameters: true, rng: new Rng(2) });
      return network.seen.at(-1) as Tensor;
    };
    const first = pass(y);
    const hidden = first.ne(y);
    // The spots and, with a structure, those beside them.
    expect(model.spots().mul(hidden.neg().add(1)).sum().itemSync()).toBe(0);
    const { structAxis } = options;
    const expected = structAxis === "none" ? 1 : structAxis === "both" ? 9 : 3;
    const ratio = hidden.sum().itemSync() / model.spots().sum().itemSync();
    expect(ratio).toBeLessThanOrEqual(expected);
    expect(ratio).toBeGreaterThan(structAxis === "none" ? 0.99 : expected * 0.6);
    const second = pass(where(hidden, new Rng(3).normal([...y.shape], y).mul(100), y));
    expect(Array.from(second.dataSync())).toEqual(Array.from(first.dataSync()));
    // Every pixel else is seen, and all new values come from the picture.
    expect(second.max().itemSync()).toBeLessThanOrEqual(1);
  });

  it("draws each pixel equally often as a spot, one in each box", () => {
    const loss = new Noise2VoidLoss({ rate: 0.25, window: 3 });
    const model = loss.adaptModel(new Recorded());
    const y = repeat(image(), 4000);
    model.forward(y, physics(), { updateParameters: true, rng: new Rng(5) });
    const spots = model.spots();
    expect(spots.sum().itemSync()).toBe(4000 * 9);
    const share = spots.mean(0);
    // Four standard errors of a share of 1/4 in 4000 draws, for each of the 36 pixels.
    const limit = 4 * Math.sqrt((0.25 * 0.75) / 4000);
    expect(share.sub(0.25).abs().max().itemSync()).toBeLessThan(limit);
  });

  it("in evaluation the network sees the whole image", () => {
    const network = new Recorded();
    const model = new Noise2VoidLoss().adaptModel(network);
    model.eval();
    const y = image();
    expect(model.forward(y, physics(), { rng: new Rng(1) })).toBe(y);
  });

  it("refuses a structure that would hide most of the image, and says which rate will do", () => {
    expect(() => new Noise2VoidLoss({ rate: 0.1, structAxis: "both", structSpan: 5 })).toThrow(
      "Noise2VoidLoss: a rate of 0.1 with a structSpan of 5 hides 250 % of the pixels, expected at most 50 %; " +
        "use a rate of 0.02 or less.",
    );
  });

  it("refuses images of one row", () => {
    const model = new Noise2VoidLoss().adaptModel(new Recorded());
    expect(() => model.forward(image().reshape([1, 1, 1, -1]), physics())).toThrow("at least 2");
  });
});
