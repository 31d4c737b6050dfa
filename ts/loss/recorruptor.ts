import { Module } from "../nn/index.js";
import type { Tensor } from "../tensor/index.js";

/**
 * Base class of what a `LearningToRecorruptLoss` learns: a network h that turns standard normal numbers into noise.
 *
 * A subclass keeps its weights in fields, as every `Module` does.
 */
export abstract class Recorruptor extends Module {
  /** The noise `h(w, y)`: w standard normal, y the measurement, all three of one shape. */
  abstract forward(w: Tensor, y: Tensor): Tensor;
}
