import { beforeAll, describe, expect, it } from "vitest";
import { Neighbor2Neighbor } from "../../ts/loss/index.js";
import { Metric } from "../../ts/metric/index.js";
import { Module } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { init } from "../../ts/runtime/index.js";
import { cat, tensor, type Tensor } from "../../ts/tensor/index.js";
import { TanhNet, average, repeat, squaredError } from "./helpers.js";

beforeAll(() => init({ device: "cpu" }));

const SIGMA = 0.2;
/** 12 x 12 pixels, whose sub-images have the 36 that the network takes. */
const picture = (texture: number) =>
  tensor(
    Float64Array.from({ length: 144 }, (_, i) => 0.6 + texture * Math.sin(1.7 * i + 0.3)),
    { shape: [1, 1, 12, 12] },
  );

/** The network on the noisy channel; the clean one comes through, so that one sees which pixels were picked. */
class FirstChannel extends Module {
  readonly net = new TanhNet();
  forward(y: Tensor): Tensor {
    const [noisy, clean] = channels(y);
    return cat([this.net.forward(noisy), clean], 1);
  }
}

function channels(t: Tensor): [Tensor, Tensor] {
  const [batch = 0, , height = 0, width = 0] = t.shape;
  return [t.slice([0, 0, 0, 0], [batch, 1, height, width]), t.slice([0, 1, 0, 0], [batch, 2, height, width])];
}

/** The squared error of the noisy channel, less what it should be. */
class Excess extends Metric {
  constructor(readonly target: "own pixel" | "neighbour") {
    super("Excess");
  }
  protected metric(prediction: Tensor, target: Tensor): Tensor {
    const [made, own] = channels(prediction);
    const [measured, neighbour] = channels(target);
    return squaredError(made, measured)
      .sub(squaredError(made, this.target === "neighbour" ? neighbour : own))
      .sub(SIGMA ** 2);
  }
}

const bias = (texture: number, target: "own pixel" | "neighbour") => {
  const loss = new Neighbor2Neighbor({ metric: new Excess(target), gamma: 0 });
  const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: SIGMA }) });
  const model = new FirstChannel();
  return average(
    (rng, batch) => {
      const u = repeat(picture(texture), batch);
      const y = cat([physics.forward(u, { rng }), u], 1);
      return loss.forward({ y, physics, model, rng });
    },
    { batch: 2000, chunks: 8, seed: 16 },
  );
};

describe("Neighbor2Neighbor, without its regularisation", () => {
  it.each([
    ["on a constant image: the risk plus sigma^2", 0, "own pixel"],
    ["on a textured image: the error against the neighbour plus sigma^2", 0.4, "neighbour"],
  ] as const)("%s", (_, texture, target) => {
    const { mean, se } = bias(texture, target);
    expect(se).toBeLessThan(SIGMA ** 2 * 0.05);
    expect(Math.abs(mean)).toBeLessThan(3 * se);
  });

  it("on a textured image it is not the risk, as the paper's own assumption says", () => {
    const { mean, se } = bias(0.4, "own pixel");
    expect(mean).toBeGreaterThan(10 * se);
  });
});
