import { beforeAll, describe, expect, it } from "vitest";
import { EquivariantSplittingLoss } from "../../ts/loss/index.js";
import { ArtifactRemoval, DnCNN, EquivariantReconstructor, Module, MoDL } from "../../ts/nn/index.js";
import { Inpainting, MRI, Physics, VirtualLinearPhysics } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { grad, noGrad, type Tensor } from "../../ts/tensor/index.js";
import { Reflect, Rotate, Shift } from "../../ts/transform/index.js";
import { expectError } from "../physics/helpers.js";
import { distance } from "../transform/helpers.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

const eight = () =>
  new Rotate({ multiples: 90, positive: true, nTrans: 4 }).compose(new Reflect({ dim: [-1], nTrans: 2 }));
const backbone = () =>
  new ArtifactRemoval({ backboneNet: new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: new Rng(1) }) });
const masked = () => new Inpainting({ imgSize: [1, 6, 6], mask: new Rng(2).bernoulli([1, 1, 6, 6], 0.6) });
const measured = (physics: Inpainting) => physics.A(new Rng(3).uniform([2, 1, 6, 6]));

describe("EquivariantReconstructor", () => {
  it("in evaluation commutes with all eight rotations and flips: R(y, A T) = T^-1 R(y, A)", async () => {
    const physics = masked();
    const y = measured(physics);
    const group = eight();
    for (const model of [
      new EquivariantReconstructor({ model: backbone() }),
      new EquivariantReconstructor({ model: backbone(), transform: group }),
    ]) {
      model.eval();
      const xNet = model.forward(y, physics);
      for (const params of group.iterateParams(group.getParams(xNet))) {
        const turned = new VirtualLinearPhysics({ physics, transform: group, params });
        expect(await distance(model.forward(y, turned), group.inverse(xNet, params))).toBeLessThan(1e-5);
      }
    }
    // The network by itself does not commute.
    const turned = new VirtualLinearPhysics({ physics, transform: group, params: { theta: [90], dims: [[]] } });
    const [plain, alone] = [
      backbone().forward(y, turned),
      group.inverse(backbone().forward(y, physics), { theta: [90], dims: [[]] }),
    ];
    expect(await distance(plain, alone)).toBeGreaterThan(1e-3);
  });

  it("in training takes one random transform, the average of which is the average over the group", async () => {
    const physics = masked();
    const y = measured(physics);
    const model = new EquivariantReconstructor({ model: backbone() });
    const [rng, draws] = [new Rng(5), 400];
    const mean = noGrad(() => {
      let sum: Tensor | undefined;
      for (let i = 0; i < draws; i++) {
        const one = model.forward(y, physics, { rng });
        sum = sum ? sum.add(one) : one;
      }
      return (sum as Tensor).div(draws);
    });
    const spread = await distance(model.forward(y, physics, { rng: new Rng(1) }), mean);
    model.eval();
    const full = model.forward(y, physics);
    expect(spread).toBeGreaterThan(1e-3);
    // Of 400 draws among eight the mean is off by some twentieth of their spread.
    expect(await distance(mean, full)).toBeLessThan(0.25 * spread);
  });

  it("averages over transform and evalTransform as they are given", async () => {
    const counts: number[] = [];
    class Counting extends Module {
      forward(y: Tensor): Tensor {
        counts.push(y.shape[0] as number);
        return y;
      }
    }
    const model = new EquivariantReconstructor({
      model: new Counting(),
      transform: new Shift({ nTrans: 2 }),
      evalTransform: eight(),
    });
    const physics = masked();
    model.forward(measured(physics), physics);
    expect(counts.splice(0)).toEqual([2, 2]);
    model.eval();
    model.forward(measured(physics), physics);
    expect(counts).toHaveLength(8);
  });

  it("is differentiable, keeps the network's weights under model., and holds unrolled networks", async () => {
    const model = new EquivariantReconstructor({ model: backbone() });
    const physics = masked();
    const out = model.forward(measured(physics), physics, { rng: new Rng(1) });
    const gradients = grad(out.square().sum(), model.parameters());
    expect(gradients.every((g) => g.abs().max().itemSync() > 0)).toBe(true);
    expect(Object.keys(model.stateDict())).toContain("model.backbone_net.in_conv.weight");

    const slice = new MRI({ mask: new Rng(4).bernoulli([1, 1, 6, 6], 0.6).expand([1, 2, 6, 6]) });
    const unrolled = new EquivariantReconstructor({
      model: new MoDL({
        numIter: 2,
        denoiser: new DnCNN({ inChannels: 2, outChannels: 2, depth: 2, nf: 3, rng: new Rng(0) }),
      }),
    });
    unrolled.eval();
    const y = slice.A(new Rng(5).normal([1, 2, 6, 6]));
    const params = { theta: [90], dims: [[]] };
    const turned = new VirtualLinearPhysics({ physics: slice, transform: eight(), params });
    expect(
      await distance(unrolled.forward(y, turned), eight().inverse(unrolled.forward(y, slice), params)),
    ).toBeLessThan(1e-4);
  });

  it("is what EquivariantSplittingLoss wraps a network in", () => {
    const [transform, evalTransform] = [new Rotate({ multiples: 90, positive: true }), eight()];
    const physics = masked();
    const loss = new EquivariantSplittingLoss({ transform, evalTransform, evalNSamples: 2 });
    const model = loss.adaptModel(backbone());
    expect(model.parameters().length).toBe(backbone().parameters().length);
    const y = measured(physics);
    const xNet = model.forward(y, physics, { updateParameters: true, rng: new Rng(1) });
    expect(loss.forward({ xNet, y, physics, model }).shape).toEqual([2]);
    expectError(
      () => new EquivariantSplittingLoss({ evalTransform }),
      ArgumentError,
      "invalid_argument",
      "evalTransform",
    );
    expectError(
      () => new EquivariantSplittingLoss({ transform: {} as never }),
      ArgumentError,
      "invalid_argument",
      "transform",
    );
  });

  it("names what it cannot use", () => {
    expectError(() => new EquivariantReconstructor({} as never), ArgumentError, "invalid_argument", "model");
    expectError(
      () => new EquivariantReconstructor({ model: backbone(), transform: "Rotate" as never }),
      ArgumentError,
      "invalid_argument",
      "transform",
    );
    expectError(
      () => new EquivariantReconstructor({ model: backbone(), evalTransform: eight() }),
      ArgumentError,
      "invalid_argument",
      "evalTransform",
    );
    expectError(
      () => new EquivariantReconstructor({ model: backbone(), random: true } as never),
      ArgumentError,
      "unknown_option",
      "random",
    );
    const model = new EquivariantReconstructor({ model: backbone() });
    const y = measured(masked());
    expectError(() => model.forward(y), ArgumentError, "missing_physics", "linear");
    expectError(() => model.forward(y, new Physics()), ArgumentError, "missing_physics", "linear");
  });
});
