import { conv2d } from "../functional/index.js";
import { BatchNorm2d, Identity, Linear, ReLU, Sequential, type Layer, type WeightOptions } from "../nn/index.js";
import { Rng, type RandomSource } from "../random/index.js";
import { ArgumentError, checkNumber, LARGEST, ShapeError } from "../runtime/index.js";
import { checkTensor, freeKeptOnError, freeOnError, full, type Tensor } from "../tensor/index.js";
import { MonotonicNet } from "./monotonic-net.js";
import {
  flag,
  number,
  type OptionReader,
  type OptionReaders,
  randomStream,
  readOptions,
  unchecked,
  word,
} from "./options.js";
import { Recorruptor } from "./recorruptor.js";

/** Options of {@link RecorruptorNet}. */
export interface RecorruptorNetOptions extends WeightOptions {
  /** Hidden layers, at most 1000. Default: 3. */
  depth?: number;
  /** Units of each hidden layer, at most 1024. Default: 4. */
  hiddenFeatures?: number;
  /**
   * Side of the filter that correlates the noise of neighbours, an odd number up to 63; 1 for noise that is independent
   * from pixel to pixel, with one learned scale. Default: 1.
   */
  kernelSize?: number;
  /** Whether the noise is multiplied by `sqrt(y)`, as that of photon counts is. Default: false. */
  multiplicative?: boolean;
  /** Initial scale of the noise with `kernelSize: 1`. Default: 0.1. */
  sigma?: number;
  /** The function of each number: increasing, any, or none. Default: `"monotonic"`. */
  net?: "monotonic" | "mlp" | "identity";
  /**
   * Stream of the initial weights. Default: one that is always the same, so that a training depends on its own seed
   * alone.
   */
  rng?: RandomSource;
}

/** A side that has a pixel in the middle. */
const oddSide: OptionReader<number> = (value, name, key) => {
  const side = checkNumber(name, key, value ?? 1, { integer: true, min: 1, max: 63 });
  if (side % 2 === 1) return side;
  throw new ArgumentError(
    `${name}: ${key} is ${side}, expected an odd number, which has a pixel in the middle; use ${side + 1}.`,
    "invalid_argument",
  );
};

const OPTIONS = {
  depth: number(3, { integer: true, min: 1, max: LARGEST.layers }),
  hiddenFeatures: number(4, { integer: true, min: 1, max: 1024 }),
  kernelSize: oddSide,
  multiplicative: flag(false),
  sigma: number(0.1, { min: 0 }),
  net: word<"monotonic" | "mlp" | "identity">(["monotonic", "mlp", "identity"], "monotonic"),
  rng: randomStream,
  dtype: unchecked<WeightOptions["dtype"]>(),
  device: unchecked<WeightOptions["device"]>(),
} satisfies OptionReaders<RecorruptorNetOptions>;

/**
 * Noise that is learned: `h(w, y) = g k * BN(net(w))`, of the shape of w and y.
 *
 * net acts on each number by itself, BN is a batch normalisation without weights over all numbers of the batch, k a
 * filter of `kernelSize` (a scale sigma with 1), and g is `sqrt(max(y, 1e-6))` with `multiplicative` and else 1. The
 * net learns the distribution of the noise, the filter its level and its correlation (Monroy, Bacca, Tachella,
 * "Learning to recorrupt: noise distribution agnostic self-supervised image denoising", 2026, arXiv:2603.25869). A wide
 * kernel starts at normal numbers of deviation 0.1.
 *
 * State names: net, norm_layer, sigma, as in deepinv.
 */
export class RecorruptorNet extends Recorruptor {
  readonly net: Layer;
  readonly normLayer: BatchNorm2d;
  /** The filter `[1, 1, kernelSize, kernelSize]`, or the scale, `[]`. */
  readonly sigma: Tensor;
  readonly kernelSize: number;
  readonly multiplicative: boolean;

  /** @throws ArgumentError `unknown_option` or `invalid_argument`. */
  constructor(options: RecorruptorNetOptions = {}) {
    super();
    const values = readOptions("RecorruptorNet", options, OPTIONS);
    const { depth, hiddenFeatures, kernelSize: side } = values;
    const rng = values.rng ?? new Rng(0);
    const { dtype, device } = values;
    const like = { ...(dtype && { dtype }), ...(device && { device }) };
    const weights = { rng, ...like };
    this.kernelSize = side;
    this.multiplicative = values.multiplicative;
    [this.net, this.normLayer, this.sigma] = freeKeptOnError(() => [
      values.net === "identity"
        ? new Identity()
        : values.net === "monotonic"
          ? new MonotonicNet(depth, hiddenFeatures, weights)
          : multilayer(depth, hiddenFeatures, weights),
      new BatchNorm2d({ numFeatures: 1, affine: false, momentum: 0.9, ...like }),
      this.registerParameter(
        "sigma",
        side > 1 ? rng.normal([1, 1, side, side], like).mul(0.1) : full([], values.sigma, like),
      ),
    ]);
  }

  /** @throws ShapeError `shape_mismatch` where w and y differ, or have fewer than two entries. */
  forward(w: Tensor, y: Tensor): Tensor {
    checkTensor("RecorruptorNet", "w", w);
    checkTensor("RecorruptorNet", "y", y);
    if (w.shape.join() !== y.shape.join() || w.size < 2 || w.rank < 2) {
      throw new ShapeError(
        `RecorruptorNet: w has shape [${w.shape.join(", ")}] and y [${y.shape.join(", ")}]; ` +
          "they must agree, and be images of together at least two pixels.",
        "shape_mismatch",
      );
    }
    return freeOnError(() => {
      const { dtype } = this.sigma;
      const [height = 1, width = 1] = w.shape.slice(-2);
      const values = this.net.forward(w.to(dtype).reshape([-1, 1]));
      const noise = this.normLayer.forward(values.reshape([1, 1, -1, 1]));
      const scaled =
        this.kernelSize > 1
          ? conv2d(noise.reshape([-1, 1, height, width]), this.sigma, { padding: (this.kernelSize - 1) / 2 })
          : noise.mul(this.sigma);
      const h = scaled.reshape([...w.shape]).to(y.dtype);
      return this.multiplicative ? h.mul(y.maximum(1e-6).sqrt()) : h;
    });
  }
}

/** Fully connected layers with ReLU between them, `[N, 1]` to `[N, 1]`. */
function multilayer(depth: number, hiddenFeatures: number, weights: WeightOptions): Sequential {
  const layer = (inFeatures: number, outFeatures: number) => new Linear({ inFeatures, outFeatures, ...weights });
  const hidden = Array.from({ length: depth - 1 }, () => [layer(hiddenFeatures, hiddenFeatures), new ReLU()]).flat();
  return new Sequential(layer(1, hiddenFeatures), new ReLU(), ...hidden, layer(hiddenFeatures, 1));
}
