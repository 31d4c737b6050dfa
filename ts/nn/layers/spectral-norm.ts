import { ArgumentError, checkNumber, checkOptions } from "../../runtime/index.js";
import { resolveRng, type RandomSource } from "../../random/index.js";
import { noGrad, type Tensor, tidy, checkTensor, freeKeptOnError, freeOnError, where } from "../../tensor/index.js";
import { Module } from "../module.js";
import { Conv2d } from "./conv2d.js";
import { ConvTranspose2d } from "./conv-transpose2d.js";
import { Linear } from "./linear.js";

/** Options of {@link SpectralNorm}. */
export interface SpectralNormLayerOptions {
  /** The layer whose weight is normalised; its weights become this layer's. */
  layer: Conv2d | ConvTranspose2d | Linear;
  /** Power iterations in each call in training mode. Default: 1. */
  nPowerIterations?: number;
  /** Smallest norm that a vector is divided by. Default: 1e-12. */
  eps?: number;
  /** Stream of the initial vectors. Default: the stream of the library, seeded by the operating system. */
  rng?: RandomSource;
}

/** Power iterations in the constructor, so that the first call is accurate. */
const INITIAL_ITERATIONS = 15;

/**
 * A convolution or linear layer whose weight is divided by its spectral norm: `y = (W / s) x + b`, s the largest
 * singular value of W as a matrix with one row for each output channel.
 *
 * `s = u^T W v`, where power iterations in training mode update u and v; the gradient goes through s. The norm of the
 * matrix bounds the Lipschitz constant of a convolution only up to the overlap of its windows. State names are those of
 * PyTorch's spectral_norm: weight_orig, bias, weight_u, weight_v. Shapes are those of the layer. (Miyato, Kataoka,
 * Koyama, Yoshida, "Spectral normalization for generative adversarial networks", 2018, arXiv:1802.05957.)
 *
 * @throws ArgumentError `invalid_argument` for any other layer.
 */
export class SpectralNorm extends Module {
  /** The weight as trained, before the division. */
  readonly weightOrig: Tensor;
  /** The layer's bias, or null. */
  readonly bias: Tensor | null;
  /** Left singular vector, `[output channels]`. */
  readonly weightU: Tensor;
  /** Right singular vector, `[weights of one output channel]`. */
  readonly weightV: Tensor;
  readonly nPowerIterations: number;
  readonly eps: number;
  // Private, so that its weights are listed once, under this layer's names.
  readonly #layer: Conv2d | ConvTranspose2d | Linear;

  constructor(options: SpectralNormLayerOptions) {
    super();
    const name = "SpectralNorm";
    checkOptions(name, options, ["layer", "nPowerIterations", "eps", "rng"]);
    const layer: unknown = options?.layer;
    if (!(layer instanceof Conv2d || layer instanceof ConvTranspose2d || layer instanceof Linear)) {
      throw new ArgumentError(`${name}: layer must be a Conv2d, ConvTranspose2d or Linear.`, "invalid_argument");
    }
    this.#layer = layer;
    this.nPowerIterations = checkNumber(name, "nPowerIterations", options.nPowerIterations ?? 1, {
      integer: true,
      min: 1,
    });
    this.eps = checkNumber(name, "eps", options.eps ?? 1e-12, { positive: true });
    this.weightOrig = this.registerParameter("weightOrig", layer.weight);
    this.bias = layer.bias ? this.registerParameter("bias", layer.bias) : null;
    const rng = resolveRng(options.rng);
    [this.weightU, this.weightV] = freeKeptOnError(() => {
      const [rows, columns] = tidy(() => this.#matrix().shape) as [number, number];
      const vectors: [Tensor, Tensor] = [
        this.registerBuffer("weightU", this.#draw(rng, rows)),
        this.registerBuffer("weightV", this.#draw(rng, columns)),
      ];
      this.#iterate(INITIAL_ITERATIONS);
      return vectors;
    });
  }

  /** The layer's output with the divided weight. */
  forward(x: Tensor): Tensor {
    checkTensor("SpectralNorm", "x", x);
    return freeOnError(() => {
      if (this.training) this.#iterate(this.nPowerIterations);
      // Apart from the bias the layer is linear: dividing its input divides its weight.
      return this.#layer.forward(x.div(this.spectralNorm()));
    });
  }

  /** The largest singular value of the weight as estimated now, a scalar on the tape. */
  spectralNorm(): Tensor {
    return freeOnError(() => {
      const [u, v] = [this.weightU.detach().reshape([1, -1]), this.weightV.detach().reshape([-1, 1])];
      const estimate = u.matmul(this.#matrix()).matmul(v).reshape([]);
      // It is below 0 for some vectors that no iteration has seen, such as loaded ones; only around 0 it is no divisor.
      return where(estimate.abs().lt(this.eps), this.eps, estimate);
    });
  }

  #iterate(times: number): void {
    noGrad(() =>
      tidy(() => {
        const matrix = this.#matrix();
        let [u, v] = [this.weightU.reshape([-1, 1]), this.weightV.reshape([-1, 1])];
        for (let i = 0; i < times; i++) {
          v = this.#unit(matrix.transpose(0, 1).matmul(u));
          u = this.#unit(matrix.matmul(v));
        }
        this.weightU.assign_(u.reshape([-1]).clone());
        this.weightV.assign_(v.reshape([-1]).clone());
      }),
    );
  }

  /** The weight with one row for each output channel. */
  #matrix(): Tensor {
    const weight = this.weightOrig;
    const rows = this.#layer instanceof ConvTranspose2d ? weight.permute([1, 0, 2, 3]) : weight;
    return rows.reshape([rows.shape[0] as number, -1]);
  }

  #draw(rng: RandomSource, size: number): Tensor {
    return tidy(() => this.#unit(rng.normal([size], this.weightOrig)));
  }

  #unit(t: Tensor): Tensor {
    return t.div(t.norm().clamp(this.eps));
  }
}
