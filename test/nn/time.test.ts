import { beforeAll, describe, expect, it } from "vitest";
import {
  ArtifactRemoval,
  DnCNN,
  Module,
  MoDL,
  TimeAgnosticNet,
  TimeAveragingNet,
  timeAverage,
} from "../../ts/nn/index.js";
import { DynamicMRI, MRI, SequentialMRI } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init, ShapeError } from "../../ts/runtime/index.js";
import { grad, tensor, type Tensor } from "../../ts/tensor/index.js";
import { distance, expectError } from "../physics/helpers.js";

beforeAll(() => init({ device: "cpu" }));

const denoiser = () => new DnCNN({ inChannels: 2, outChannels: 2, depth: 3, nf: 4, rng: new Rng(0) });

describe("networks over time", () => {
  it("TimeAgnosticNet: each frame as by the network itself, also for batches and with an operator that needs the frames' masks", () => {
    const rng = new Rng(1);
    const backboneNet = new ArtifactRemoval({ backboneNet: denoiser() });
    const net = new TimeAgnosticNet({ backboneNet });
    const mask = rng.bernoulli([1, 1, 3, 5, 4], 0.5);
    const operator = new DynamicMRI({ mask });
    const y = operator.A(rng.normal([2, 2, 3, 5, 4]));
    const x = net.forward(y, operator);
    expect(x.shape).toEqual([2, 2, 3, 5, 4]);
    for (let t = 0; t < 3; t++) {
      const single = backboneNet.forward(y.select(2, t), new MRI({ mask: mask.select(2, t) }));
      expect(distance(x.select(2, t), single)).toBeLessThan(1e-5);
    }
    expect(net.namedParameters()[0]?.[0]).toBe("backbone_net.backbone_net.in_conv.weight");
    expectError(() => net.forward(y.select(2, 0), operator), ShapeError, "shape_mismatch", "frames");
    expectError(() => new TimeAgnosticNet({} as never), ArgumentError, "invalid_argument", "backboneNet");
  });

  it("TimeAveragingNet: averages each entry over the frames that measured it", () => {
    const x = tensor([1, 0, 0, 3, 2, 0], { shape: [1, 1, 3, 1, 2] });
    expect(Array.from(timeAverage(x).dataSync())).toEqual([1.5, 3]);
    const mask = tensor([1, 1, 1, 1, 1, 0], { shape: [1, 1, 3, 1, 2] });
    expect(Array.from(timeAverage(x, mask).dataSync())).toEqual([1, 1.5]);
    const rng = new Rng(2);
    const operator = new SequentialMRI({ mask: rng.bernoulli([1, 1, 4, 5, 3], 0.4) });
    const backboneNet = new ArtifactRemoval({ backboneNet: denoiser() });
    const y = operator.A(rng.normal([2, 2, 5, 3]));
    const whole = new TimeAveragingNet({ backboneNet }).forward(y, operator);
    expect(distance(whole, backboneNet.forward(operator.average(y), operator.toStatic()))).toBeLessThan(1e-5);
  });
});

describe("MoDL", () => {
  it("is steps towards the data and of the denoiser in turn; names are deepinv's", () => {
    const rng = new Rng(3);
    const net = denoiser();
    const model = new MoDL({ denoiser: net, numIter: 2 });
    const operator = new MRI({ mask: rng.bernoulli([5, 4], 0.5) });
    const y = operator.A(rng.normal([2, 2, 5, 4]));
    let x = operator.AAdjoint(y);
    for (let k = 0; k < 2; k++) x = net.forward(operator.proxL2(x, y, 1));
    expect(distance(model.forward(y, operator), x)).toBeLessThan(1e-5);
    const keys = Object.keys(model.stateDict());
    for (const key of [
      "prior.0.denoiser.in_conv.weight",
      "params_algo.stepsize.1",
      "params_algo.g_param.0",
      "params_algo.lambda.1",
      "init_params_algo.stepsize.0",
    ]) {
      expect(keys).toContain(key);
    }
    expect(model.parameters()).toHaveLength(net.parameters().length + 6);
    const state = Object.fromEntries(
      Object.entries(model.stateDict()).map(([k, v]) => [k, k.includes("stepsize") ? v.mul(0).add(0.5) : v]),
    );
    model.loadStateDict(state);
    x = operator.AAdjoint(y);
    for (let k = 0; k < 2; k++) x = net.forward(operator.proxL2(x, y, 0.5));
    expect(distance(model.forward(y, operator), x)).toBeLessThan(1e-5);
    const steps = model
      .namedParameters()
      .filter(([name]) => name.includes("stepsize"))
      .map(([, value]) => value);
    const [first = 0, second = 0] = grad(model.forward(y, operator).square().sum(), steps).map((g) =>
      Math.abs(g.itemSync()),
    );
    // The first step starts from an image that fits the data, which no step size moves.
    expect(second).toBeGreaterThan(1e-4);
    expect(first).toBeLessThan(1e-3 * second);
  });

  it("hands the denoiser the noise level, has a default denoiser, and names what is missing", () => {
    const levels: unknown[] = [];
    class Recorder extends Module {
      forward(x: Tensor, sigma?: number | Tensor): Tensor {
        levels.push((sigma as Tensor).itemSync());
        return x;
      }
    }
    const operator = new MRI({ imgSize: [4, 4] });
    new MoDL({ denoiser: new Recorder() }).forward(operator.A(new Rng(4).normal([1, 2, 4, 4])), operator);
    expect(levels).toHaveLength(3);
    expect(levels[0]).toBeCloseTo(0.01, 6);
    expect(new MoDL().parameters()).toHaveLength(2 * 7 + 9);
    expectError(() => new MoDL({ numIter: 0 }), ArgumentError, "invalid_argument", "numIter");
    expectError(() => new MoDL({ denoiser: 3 as never }), ArgumentError, "invalid_argument", "denoiser");
    expectError(() => new MoDL().forward(new Rng(5).normal([1, 2, 4, 4])), ArgumentError, "missing_physics", "linear");
  });
});
