import { functional, Module, type ReconstructOptions } from "../../ts/nn/index.js";
import type { LinearPhysics, Physics } from "../../ts/physics/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import type { CaseData } from "./case-data.js";
import type { LayerSpec, ModelSpec } from "./format.js";

/** The network of a case: its layers, in the wrapper that says what they are applied to. */
export class GoldenNetwork extends Module {
  /** The weights by their key in the file. */
  readonly weights = new Map<string, Tensor>();
  readonly #layers: readonly ((x: Tensor) => Tensor)[];
  readonly #spec: ModelSpec;

  constructor(spec: ModelSpec, data: CaseData) {
    super();
    if (!spec.layers) throw new Error(`${data.golden.name}: the network has no layers`);
    this.#spec = spec;
    this.#layers = spec.layers.map((layer) => this.#layer(layer, data));
  }

  /** R(y, A); or the backbone of a larger model, which hands it a noise level as second argument. */
  forward(y: Tensor, physics?: Physics | Tensor | number, _options?: ReconstructOptions): Tensor {
    const { framewise, skip } = this.#spec;
    const input = this.#start(y, physics);
    let x = framewise ? framesToBatch(input) : input;
    for (const layer of this.#layers) x = layer(x);
    if (framewise) x = batchToFrames(x, input.shape[0] ?? 1);
    return skip ? x.add(input) : x;
  }

  #start(y: Tensor, physics: Physics | Tensor | number | undefined): Tensor {
    const linear = physics as LinearPhysics;
    switch (this.#spec.wrapper ?? "direct") {
      case "direct":
        return y;
      case "adjoint":
        return linear.AAdjoint(y);
      case "pinv":
        return linear.ADagger(y);
      default:
        throw new Error(`unknown wrapper "${this.#spec.wrapper}"`);
    }
  }

  #weight(key: string, data: CaseData): Tensor {
    const weight = this.registerParameter(key, data.tensor(key, true));
    this.weights.set(key, weight);
    return weight;
  }

  #layer(spec: LayerSpec, data: CaseData): (x: Tensor) => Tensor {
    switch (spec.type) {
      case "conv2d": {
        const weight = this.#weight(spec.weight ?? "", data);
        const bias = spec.bias ? this.#weight(spec.bias, data) : null;
        const { stride = 1, padding = 0, paddingMode = "zeros" } = spec;
        if (paddingMode === "zeros") return (x) => functional.conv2d(x, weight, { bias, stride, padding });
        const mode = paddingMode as "reflect" | "replicate" | "circular";
        const widths = [0, 0, 0, 0, padding, padding, padding, padding];
        return (x) => functional.conv2d(x.pad(widths, { mode }), weight, { bias, stride });
      }
      case "relu":
        return (x) => x.relu();
      case "tanh":
        return (x) => x.tanh();
      case "sigmoid":
        return (x) => x.sigmoid();
      case "softplus":
        return (x) => x.softplus();
      case "leakyRelu":
        return (x) => x.leakyRelu(spec.slope ?? 0.2);
      default:
        throw new Error(`${data.golden.name}: unknown layer "${spec.type}"`);
    }
  }
}

/** `[B, C, T, H, W]` to `[B T, C, H, W]`. */
function framesToBatch(x: Tensor): Tensor {
  const [b = 1, c = 1, t = 1, h = 1, w = 1] = x.shape;
  return x.permute([0, 2, 1, 3, 4]).reshape([b * t, c, h, w]);
}

/** `[B T, C, H, W]` to `[B, C, T, H, W]`. */
function batchToFrames(x: Tensor, batch: number): Tensor {
  const [bt = 1, c = 1, h = 1, w = 1] = x.shape;
  return x.reshape([batch, bt / batch, c, h, w]).permute([0, 2, 1, 3, 4]);
}
