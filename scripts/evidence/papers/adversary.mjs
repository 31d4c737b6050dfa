// The discriminator of a training, with its optimiser: the same as in train_deepinv.py.
import { grad, optim, Rng } from "adjoint";
import { discriminatorOf, made } from "./objects.mjs";

/** A discriminator with the given weights, and the loss from which it learns. */
export class Adversary {
  #loss;
  #optimizer;
  #parameters;

  constructor(task, loss, weights) {
    const D = discriminatorOf(task, new Rng(0));
    D.loadStateDict(weights);
    D.train();
    this.args = { D };
    this.#loss = made(loss, {});
    this.#parameters = D.parameters();
    this.#optimizer = new optim.Adam(this.#parameters, { lr: 1e-3, betas: [0.5, 0.999] });
  }

  /** Learns from the reconstruction of a step of the network. */
  step(args) {
    const value = this.#loss.forward({ ...args, xNet: args.xNet.detach() }).mean();
    this.#optimizer.step(grad(value, this.#parameters));
  }
}
