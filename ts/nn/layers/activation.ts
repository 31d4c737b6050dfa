import { checkTensor } from "../../tensor/index.js";
import { checkNumber, checkOptions } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { Module } from "../module.js";

/** Returns its input. */
export class Identity extends Module {
  /** `x`. */
  forward(x: Tensor): Tensor {
    checkTensor("Identity", "x", x);
    return x;
  }
}

/** `max(x, 0)`. */
export class ReLU extends Module {
  /** The activation of each element. */
  forward(x: Tensor): Tensor {
    checkTensor("ReLU", "x", x);
    return x.relu();
  }
}

/** `x` where positive, else `negativeSlope x`. */
export class LeakyReLU extends Module {
  /** Slope below zero. */
  readonly negativeSlope: number;

  /** @param options.negativeSlope Default: 0.01. */
  constructor(options: { negativeSlope?: number } = {}) {
    super();
    checkOptions("LeakyReLU", options, ["negativeSlope"]);
    this.negativeSlope = checkNumber("LeakyReLU", "negativeSlope", options.negativeSlope ?? 0.01);
  }

  /** The activation of each element. */
  forward(x: Tensor): Tensor {
    checkTensor("LeakyReLU", "x", x);
    return x.leakyRelu(this.negativeSlope);
  }
}

/** Hyperbolic tangent. */
export class Tanh extends Module {
  /** The activation of each element. */
  forward(x: Tensor): Tensor {
    checkTensor("Tanh", "x", x);
    return x.tanh();
  }
}

/** `1 / (1 + e^-x)`. */
export class Sigmoid extends Module {
  /** The activation of each element. */
  forward(x: Tensor): Tensor {
    checkTensor("Sigmoid", "x", x);
    return x.sigmoid();
  }
}

/** `log(1 + e^x)`. */
export class Softplus extends Module {
  /** The activation of each element. */
  forward(x: Tensor): Tensor {
    checkTensor("Softplus", "x", x);
    return x.softplus();
  }
}

/** `x` where positive, else `alpha (e^x - 1)`. */
export class ELU extends Module {
  /** Scale below zero. */
  readonly alpha: number;

  /** @param options.alpha Default: 1. */
  constructor(options: { alpha?: number } = {}) {
    super();
    checkOptions("ELU", options, ["alpha"]);
    this.alpha = checkNumber("ELU", "alpha", options.alpha ?? 1);
  }

  /** The activation of each element. */
  forward(x: Tensor): Tensor {
    checkTensor("ELU", "x", x);
    return x.elu(this.alpha);
  }
}

/** `x sigmoid(x)`. */
export class SiLU extends Module {
  /** The activation of each element. */
  forward(x: Tensor): Tensor {
    checkTensor("SiLU", "x", x);
    return x.silu();
  }
}

/** `x Phi(x)`, with the standard normal distribution function `Phi`. */
export class GELU extends Module {
  /** The activation of each element. */
  forward(x: Tensor): Tensor {
    checkTensor("GELU", "x", x);
    return x.gelu();
  }
}
