import { describe, it } from "vitest";
import { MCLoss, Neighbor2Neighbor, R2RLoss, SupLoss, SureGaussianLoss, SurePGLoss, SurePoissonLoss, TVLoss, type Loss } from "../../ts/loss/index.js";
import { InterleavedLossScheduler, RandomLossScheduler } from "../../ts/loss/index.js";
import type { Reconstructor } from "../../ts/nn/index.js";
import type { Denoising, GammaNoise, GaussianNoise, Inpainting, PoissonGaussianNoise, PoissonNoise } from "../../ts/physics/index.js";
import type { Tensor } from "../../ts/tensor/index.js";

declare const t: Tensor;
declare const model: Reconstructor;
declare const gaussian: Denoising<GaussianNoise>;
declare const poisson: Denoising<PoissonNoise>;
declare const mixed: Denoising<PoissonGaussianNoise>;
declare const gamma: Denoising<GammaNoise>;
declare const masked: Inpainting<GaussianNoise>;

describe("a loss accepts the physics it is made for, and no other", () => {
  const args = { xNet: t, y: t, model };

  it("by noise model", () => {
    const sure = new SureGaussianLoss({ sigma: 0.1 });
    sure.forward({ ...args, physics: gaussian });
    sure.forward({ ...args, physics: masked });
    // @ts-expect-error Poisson noise
    sure.forward({ ...args, physics: poisson });
    // @ts-expect-error Poisson-Gaussian noise
    sure.forward({ ...args, physics: mixed });

    const poissonLoss = new SurePoissonLoss({ gain: 0.1 });
    poissonLoss.forward({ ...args, physics: poisson });
    // @ts-expect-error Gaussian noise
    poissonLoss.forward({ ...args, physics: gaussian });

    const mixedLoss = new SurePGLoss({ gain: 0.1, sigma: 0.1 });
    mixedLoss.forward({ ...args, physics: mixed });
    // @ts-expect-error Gamma noise
    mixedLoss.forward({ ...args, physics: gamma });
  });

  it("by operator", () => {
    const neighbours = new Neighbor2Neighbor();
    neighbours.forward({ y: t, model, physics: gaussian });
    // @ts-expect-error inpainting is not denoising
    neighbours.forward({ y: t, model, physics: masked });
  });

  it("by adapted model", () => {
    const loss = new R2RLoss();
    const adapted = loss.adaptModel(model);
    loss.forward({ xNet: t, y: t, physics: gaussian, model: adapted });
    loss.forward({ xNet: t, y: t, physics: gamma, model: adapted });
    loss.forward({ xNet: t, y: t, physics: masked, model: adapted });
    // @ts-expect-error the model was not adapted
    loss.forward({ xNet: t, y: t, physics: gaussian, model });
    // @ts-expect-error Poisson-Gaussian noise cannot be split
    loss.forward({ xNet: t, y: t, physics: mixed, model: adapted });
  });

  it("and asks for what it needs", () => {
    new SupLoss().forward({ xNet: t, x: t });
    new SupLoss().forward({ xNet: t, x: t, y: t, physics: poisson, model });
    new TVLoss().forward({ xNet: t });
    new MCLoss().forward({ xNet: t, y: t, physics: gamma });
    // @ts-expect-error no ground truth
    new SupLoss().forward({ xNet: t });
    // @ts-expect-error no physics
    new MCLoss().forward({ xNet: t, y: t });
    // @ts-expect-error no model
    new SureGaussianLoss({ sigma: 0.1 }).forward({ xNet: t, y: t, physics: gaussian });
    // @ts-expect-error no sigma
    new SureGaussianLoss({});
  });

  it("also through a scheduler, which asks for what each of its losses needs", () => {
    const scheduler = new RandomLossScheduler({ losses: [new TVLoss(), [new SupLoss(), new SureGaussianLoss({ sigma: 0.1 })]] });
    scheduler.forward({ ...args, x: t, physics: gaussian });
    // @ts-expect-error Poisson noise
    scheduler.forward({ ...args, x: t, physics: poisson });
    // @ts-expect-error no ground truth for SupLoss
    scheduler.forward({ ...args, physics: gaussian });
    const adapting = new InterleavedLossScheduler({ losses: [new TVLoss(), new R2RLoss()] });
    adapting.forward({ ...args, physics: gaussian, model: adapting.adaptModel(model) });
    // @ts-expect-error the model was not adapted
    adapting.forward({ ...args, physics: gaussian });
  });

  it("while a list of any losses can be held", () => {
    const losses: Loss[] = [new SupLoss(), new SureGaussianLoss({ sigma: 0.1 }), new R2RLoss(), new Neighbor2Neighbor(), new TVLoss()];
    void losses;
  });
});
