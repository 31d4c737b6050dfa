import { beforeAll, describe, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import { Loss, type LossArgs, SupLoss } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import { SGD } from "../../ts/optim/index.js";
import { Denoising, ZeroNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { full, tensor, type Tensor } from "../../ts/tensor/index.js";
import { AdversarialTrainer } from "../../ts/train/index.js";
import { Gain } from "./gain.js";

beforeAll(() => init({ device: "cpu" }));

class Scores extends Module {
  readonly weight = tensor([1, 1], { shape: [1, 2, 1, 1] }).requiresGrad_();
  forward(x: Tensor): Tensor {
    return x.mul(this.weight);
  }
}

/** `3 s0 + 4 s1` of the scores of ones: its gradient with respect to the discriminator's weights is [3, 4]. */
class Linear extends Loss {
  readonly name = "Linear";
  readonly assumptions = { noise: "any", operator: "any", needs: ["xNet"], adapted: false } as const;
  readonly seen: { onTape: boolean; training: boolean; xNet: number[] }[] = [];
  forward(args: LossArgs): Tensor {
    const [D, xNet] = [args.D as Scores, args.xNet as Tensor];
    this.seen.push({ onTape: xNet.requiresGrad, training: D.training, xNet: Array.from(xNet.dataSync()) });
    return D.forward(full([1, 2, 1, 1], 1))
      .mul(tensor([3, 4], { shape: [1, 2, 1, 1] }))
      .sum();
  }
}

describe("the discriminator's steps", () => {
  it("are clipped, in training mode, on the reconstruction before the generator's step, off the tape", async () => {
    const [model, D, loss] = [new Gain(), new Scores(), new Linear()];
    D.eval();
    const trainer = new AdversarialTrainer({
      model,
      D,
      physics: new Denoising({ noiseModel: new ZeroNoise() }),
      losses: new SupLoss(),
      lossesD: loss,
      optimizer: new SGD(model.parameters(), { lr: 0.1 }),
      optimizerD: new SGD(D.parameters(), { lr: 1 }),
      stepRatioD: 2,
      gradClip: 0.5,
      trainData: new TensorDataset({ x: full([1, 2, 1, 1], 1), y: full([1, 2, 1, 1], 2) }),
      rng: new Rng(0),
    });
    await trainer.train();
    // The reconstruction was 2; the generator has moved since.
    expect(model.values()).not.toEqual([1, 1]);
    const step = { onTape: false, training: true, xNet: [2, 2] };
    expect(loss.seen).toEqual([step, step]);
    // Two steps of length 0.5 along [3, 4] / 5.
    const weights = Array.from(D.weight.dataSync());
    expect(weights[0]).toBeCloseTo(1 - 0.6, 5);
    expect(weights[1]).toBeCloseTo(1 - 0.8, 5);
  });
});
