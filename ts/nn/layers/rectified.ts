import type { Tensor } from "../../tensor/index.js";
import type { Layer } from "../types.js";
import { LeakyReLU, ReLU } from "./activation.js";
import { BatchNorm2d } from "./batch-norm2d.js";
import { Conv2d } from "./conv2d.js";

/** Whether `layer` has the `forward` of a class: a subclass, or an object, may have one of its own. */
const hasForwardOf = <T extends Layer>(layer: Layer, type: { prototype: T }): layer is T =>
  layer.forward === type.prototype.forward;

/** The slope below zero of a layer that is a (leaky) ReLU. */
export function slopeOf(layer: Layer | undefined): number | undefined {
  if (layer === undefined) return undefined;
  if (hasForwardOf(layer, LeakyReLU)) return layer.negativeSlope;
  return hasForwardOf(layer, ReLU) ? 0 : undefined;
}

/** A layer and a (leaky) ReLU after it, in one pass where the layer is a convolution or a batch norm. */
export function rectified(layer: Layer, x: Tensor, negativeSlope = 0): Tensor {
  if (hasForwardOf(layer, Conv2d) || hasForwardOf(layer, BatchNorm2d)) return layer.rectified(x, negativeSlope);
  const y = layer.forward(x);
  return negativeSlope === 0 ? y.relu() : y.leakyRelu(negativeSlope);
}
