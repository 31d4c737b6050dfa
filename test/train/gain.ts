import { TensorDataset } from "../../ts/data/index.js";
import { Loss, type LossArgs, SupLoss } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import { SGD } from "../../ts/optim/index.js";
import { Denoising, ZeroNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { full, tensor, type Tensor } from "../../ts/tensor/index.js";
import { Trainer, type TrainerOptions } from "../../ts/train/index.js";

/** `f(y) = w y` with two weights, one for each channel; it records its inputs and whether it was in training mode. */
export class Gain extends Module {
  readonly weight = tensor([1, 1], { shape: [1, 2, 1, 1] }).requiresGrad_();
  readonly seen: { training: boolean; y: number[] }[] = [];

  forward(y: Tensor): Tensor {
    this.seen.push({ training: this.training, y: Array.from(y.dataSync()) });
    return y.mul(this.weight);
  }

  /** The weights. */
  values(): number[] {
    return Array.from(this.weight.dataSync());
  }
}

/** Minus the sum of the weights of a {@link Gain} on images of ones: a step adds the learning rate to each weight. */
export class Towards extends Loss {
  readonly name = "Towards";
  readonly assumptions = { noise: "any", operator: "any", needs: ["xNet"], adapted: false } as const;
  readonly #speed: number;
  constructor(speed: number) {
    super();
    this.#speed = speed;
  }
  forward(args: LossArgs): Tensor {
    return (args.xNet as Tensor).sum().mul(-this.#speed);
  }
}

/** `n` constant images of two pixels with the values 1 to n. */
export function constants(n: number): TensorDataset {
  const values = Float32Array.from({ length: 2 * n }, (_, i) => 1 + Math.floor(i / 2));
  return new TensorDataset({ x: tensor(values, { shape: [n, 2, 1, 1] }) });
}

/** A training of {@link Gain} without noise, by default with the learning rate 0 on one image of ones. */
export function gainTrainer(options: Partial<TrainerOptions> = {}, lr = 0): { model: Gain; trainer: Trainer } {
  const model = new Gain();
  const trainer = new Trainer({
    model,
    physics: new Denoising({ noiseModel: new ZeroNoise() }),
    losses: new SupLoss(),
    optimizer: new SGD(model.parameters(), { lr }),
    trainData: new TensorDataset({ x: full([1, 2, 1, 1], 1) }),
    rng: new Rng(0),
    ...options,
  });
  return { model, trainer };
}
