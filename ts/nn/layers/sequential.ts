import { checkTensor, freeOnError } from "../../tensor/index.js";
import { ArgumentError, checkList, LARGEST } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { Module } from "../module.js";
import type { Layer } from "../types.js";
import { rectified, slopeOf } from "./rectified.js";

/**
 * Layers applied one after the other; state names are "0.weight", "2.weight", ..., as in PyTorch.
 *
 * @example new Sequential(new Conv2d({ inChannels: 1, outChannels: 8, kernelSize: 3 }), new ReLU())
 */
export class Sequential extends Module {
  /** The layers in order. */
  readonly layers: readonly Layer[];

  /** @throws ArgumentError `invalid_argument` for what is not a layer. */
  constructor(...layers: Layer[] | [readonly Layer[]]) {
    super();
    const given = (Array.isArray(layers[0]) ? layers[0] : layers) as readonly Layer[];
    this.layers = checkList("Sequential", "layers", given, LARGEST.batch);
    this.layers.forEach((layer, i) => {
      if (!(layer instanceof Module) || typeof (layer as Partial<Layer>).forward !== "function") {
        throw new ArgumentError(`Sequential: layer ${i} is not a module with a forward function.`, "invalid_argument");
      }
    });
  }

  /** The layers by their position. */
  override namedChildren(): [string, Module][] {
    return this.layers.map((layer, i) => [String(i), layer]);
  }

  /** The output of the last layer. */
  forward(x: Tensor): Tensor {
    checkTensor("Sequential", "x", x);
    return freeOnError(() => {
      let value = x;
      for (let i = 0; i < this.layers.length; i++) {
        const layer = this.layers[i] as Layer;
        const slope = slopeOf(this.layers[i + 1]);
        value = slope === undefined ? layer.forward(value) : rectified(layer, value, slope);
        if (slope !== undefined) i++;
      }
      return value;
    });
  }
}
