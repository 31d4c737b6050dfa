import type { Tensor } from "../../tensor/index.js";
import type { Layer } from "../types.js";
import { LeakyReLU, ReLU } from "./activation.js";
import { BatchNorm2d } from "./batch-norm2d.js";
import { Conv2d } from "./conv2d.js";

/**
 * Whether `layer` is of a class and computes what the class does; a subclass, or an object, may have a `forward` of its
 * own.
 */
const plain = <T extends Layer>(layer: Layer, type: { prototype: T }): layer is T =>
  layer.forward === type.prototype.forward;

/** The slope below zero of a layer that is a (leaky) rectifier and nothing else. */
export function slopeOf(layer: Layer | undefined): number | undefined {
  if (layer === undefined) return undefined;
  if (plain(layer, LeakyReLU)) return layer.negativeSlope;
  return plain(layer, ReLU) ? 0 : undefined;
}

/**
 * `layer.forward(x)`, then x where positive, else `negativeSlope` x: in one pass where the layer is a convolution or a
 * batch norm.
 */
export function rectified(layer: Layer, x: Tensor, negativeSlope = 0): Tensor {
  if (plain(layer, Conv2d) || plain(layer, BatchNorm2d)) return layer.rectified(x, negativeSlope);
  const y = layer.forward(x);
  return negativeSlope === 0 ? y.relu() : y.leakyRelu(negativeSlope);
}
