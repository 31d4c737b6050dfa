import { beforeAll, describe, expect, it } from "vitest";
import {
  EILoss,
  EquivariantSplittingLoss,
  MCLoss,
  MOEILoss,
  MOILoss,
  SupLoss,
  type Loss,
} from "../../ts/loss/index.js";
import { ArtifactRemoval, DnCNN } from "../../ts/nn/index.js";
import { Adam } from "../../ts/optim/index.js";
import { BernoulliSplittingMaskGenerator, Inpainting } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { grad, noGrad, tensor, tidy, type Tensor } from "../../ts/tensor/index.js";
import { Shift } from "../../ts/transform/index.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

const SIDE = 10;
/** A fixed mask that hides three pixels in ten. */
const mask = () => new Rng(3).bernoulli([1, 1, SIDE, SIDE], 0.7);

/** Waves of random phase: a shifted image is as likely as the image. */
function images(rng: Rng, batch: number): Tensor {
  const phases = rng.uniform([batch, 2], { dtype: "float64", device: "cpu" }).dataSync();
  const wave = (at: number, phase: number) => Math.cos(2 * Math.PI * (at / SIDE + phase));
  const values = Float32Array.from({ length: batch * SIDE ** 2 }, (_, k) => {
    const [b, i, j] = [Math.floor(k / SIDE ** 2), Math.floor(k / SIDE) % SIDE, k % SIDE];
    return 0.5 + 0.25 * wave(i, phases[2 * b] as number) * wave(j, phases[2 * b + 1] as number);
  });
  return tensor(values, { shape: [batch, 1, SIDE, SIDE] });
}

/** Trains on masked images and returns the mean squared error of the hidden pixels of new ones. */
function hiddenError(
  losses: readonly Loss[],
  options: { steps?: number; masks?: BernoulliSplittingMaskGenerator } = {},
): number {
  const physics = new Inpainting({ imgSize: [1, SIDE, SIDE], mask: mask() });
  const rng = new Rng(1);
  const network = new ArtifactRemoval({
    backboneNet: new DnCNN({ inChannels: 1, outChannels: 1, depth: 4, nf: 12, rng }),
  });
  const model = losses.reduce((adapted, loss) => loss.adaptModel(adapted), network as ReturnType<Loss["adaptModel"]>);
  const optimizer = new Adam(model.parameters(), { lr: 5e-3 });
  for (let step = 0; step < (options.steps ?? 150); step++) {
    tidy(() => {
      if (options.masks) physics.update(options.masks.step(8, { rng }));
      const x = images(rng, 8);
      const y = physics.A(x);
      const xNet = model.forward(y, physics, { updateParameters: true, rng });
      const total = losses
        .map((loss) => loss.forward({ xNet, x, y, physics, model, rng } as Parameters<Loss["forward"]>[0]).mean())
        .reduce((a, b) => a.add(b));
      const gradients = grad(total, model.parameters());
      noGrad(() => optimizer.step(gradients));
      return total.detach();
    });
  }
  model.eval();
  return noGrad(() => {
    physics.update({ mask: mask() });
    const x = images(new Rng(99), 32);
    const hidden = mask().neg().add(1);
    return model
      .forward(physics.A(x), physics, { rng: new Rng(2) })
      .sub(x)
      .square()
      .mul(hidden)
      .sum()
      .div(hidden.sum().mul(32))
      .itemSync();
  });
}

describe("the hidden pixels of a mask", () => {
  const masks = () => new BernoulliSplittingMaskGenerator({ imgSize: [1, SIDE, SIDE], splitRatio: 0.7 });
  let consistency: number;
  let supervised: number;
  beforeAll(() => {
    consistency = hiddenError([new MCLoss()]);
    supervised = hiddenError([new SupLoss()]);
  });

  it("are not learned from measurement consistency alone", () => {
    expect(consistency).toBeGreaterThan(0.1);
    expect(supervised).toBeLessThan(0.01);
  });

  it.each([
    ["EI with shifts, from one mask", () => hiddenError([new MCLoss(), new EILoss({ transform: new Shift() })])],
    [
      "equivariant splitting, from one mask",
      () => hiddenError([new EquivariantSplittingLoss({ transform: new Shift(), evalNSamples: 20 })], { steps: 300 }),
    ],
    [
      "MOI, from masks of all kinds",
      () => hiddenError([new MCLoss(), new MOILoss({ physicsGenerator: masks() })], { steps: 400, masks: masks() }),
    ],
    [
      "MOEI, from masks of all kinds",
      () =>
        hiddenError([new MCLoss(), new MOEILoss({ transform: new Shift(), physicsGenerator: masks() })], {
          steps: 400,
          masks: masks(),
        }),
    ],
  ])("are learned by %s", (_, error) => {
    // Most of the way from what consistency alone leaves to what ground truth gives.
    expect((consistency - error()) / (consistency - supervised)).toBeGreaterThan(0.9);
  });
});
