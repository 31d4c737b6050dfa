import { checkTensor, freeOnError, inTurn } from "../../tensor/index.js";
import { ArgumentError, checkList, LARGEST, shown } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { Module } from "../module.js";
import type { PartsFrom } from "../state-type.js";
import type { Layer } from "../types.js";
import { rectified, slopeOf } from "./rectified.js";

/** A layer, or one with its name. */
export type NamedLayer = Layer | readonly [name: string, layer: Layer];

/**
 * Layers applied one after the other; state names are "0.weight", "2.weight", ..., as in PyTorch, or those that are
 * given.
 *
 * @example new Sequential(new Conv2d({ inChannels: 1, outChannels: 8, kernelSize: 3 }), new ReLU())
 * @example
 * const net = new Sequential([["conv", new Conv2d({ inChannels: 1, outChannels: 8, kernelSize: 3 })], new ReLU()]);
 * net.stateDict()["conv.weight"];
 */
export class Sequential<const L extends readonly NamedLayer[] = readonly NamedLayer[]> extends Module {
  /** The layers in order. */
  readonly layers: readonly Layer[];
  /** Their names. */
  readonly names: readonly string[];

  /** @throws ArgumentError `invalid_argument` for what is not a layer, and for names that are none or equal. */
  constructor(layers: L);
  constructor(...layers: L);
  constructor(...layers: readonly NamedLayer[] | readonly [readonly NamedLayer[]]) {
    super();
    const [first] = layers;
    const given = layers.length === 1 && Array.isArray(first) && !isNamed(first) ? first : layers;
    const entries = checkList("Sequential", "layers", given as readonly NamedLayer[], LARGEST.batch).map((entry, i) =>
      isNamed(entry) ? entry : ([String(i), entry] as const),
    );
    this.names = entries.map(([name]) => name);
    this.layers = entries.map(([, layer]) => layer);
    this.layers.forEach((layer, i) => {
      if (!(layer instanceof Module) || typeof (layer as Partial<Layer>).forward !== "function") {
        throw new ArgumentError(`Sequential: layer ${i} is not a module with a forward function.`, "invalid_argument");
      }
    });
    this.names.forEach((name, i) => checkName(name, this.names.indexOf(name) < i));
  }

  /** The layers by their names. */
  override namedChildren(): PartsFrom<Module, L> {
    return this.layers.map((layer, i) => [this.names[i] as string, layer]);
  }

  /** The output of the last layer. */
  forward(x: Tensor): Tensor {
    checkTensor("Sequential", "x", x);
    return freeOnError(() => inTurn(x, this.#steps()));
  }

  /** The layers, each together with an activation after it. */
  *#steps(): Iterable<(x: Tensor) => Tensor> {
    for (let i = 0; i < this.layers.length; i++) {
      const layer = this.layers[i] as Layer;
      const slope = slopeOf(this.layers[i + 1]);
      yield slope === undefined ? (x) => layer.forward(x) : (x) => rectified(layer, x, slope);
      if (slope !== undefined) i++;
    }
  }
}

function isNamed(entry: unknown): entry is readonly [string, Layer] {
  return Array.isArray(entry) && entry.length === 2 && typeof entry[0] === "string";
}

/** Names are parts of those of weights, which dots separate. */
function checkName(name: string, isRepeated: boolean): void {
  if (name !== "" && !name.includes(".") && !isRepeated) return;
  const why = isRepeated ? "two layers have it" : "expected a text without dots";
  throw new ArgumentError(`Sequential: the name ${shown(name)} is not possible: ${why}.`, "invalid_argument");
}
