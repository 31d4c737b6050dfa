import { checkTensor, freeKeptOnError, freeOnError } from "../../tensor/index.js";
import { checkFlag, checkNumber, checkOptions, ShapeError } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { sharedWeights } from "../init.js";
import { Linear, ReLU, Sequential } from "../layers/index.js";
import { Module } from "../module.js";
import { WEIGHT_OPTIONS } from "../types.js";
import type { Condition, ReconstructOptions, WeightOptions } from "../types.js";

/** Options of {@link AutoEncoder}. */
export interface AutoEncoderOptions extends WeightOptions {
  /** Number of entries of an image, all channels together. */
  dimInput: number;
  /** Features of the layer between image and code. Default: 1000. */
  dimMid?: number;
  /** Size of the code. Default: 32. */
  dimHid?: number;
  /** Whether the input is added to the output. Default: true. */
  residual?: boolean;
}

/**
 * Fully connected autoencoder, `R(y) = y + D(E(y))` with two layers each, for quick trials on small images: `[B, ...]`
 * to the same, with `dimInput` entries per image.
 *
 * State names: encoder.0, encoder.2, decoder.0, decoder.2. Initialised as {@link Linear}.
 */
export class AutoEncoder extends Module {
  /** Image to code. */
  readonly encoder: Sequential;
  /** Code to image. */
  readonly decoder: Sequential;
  /** Whether the input is added to the output. */
  readonly residual: boolean;
  readonly #dimInput: number;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: AutoEncoderOptions) {
    super();
    const name = "AutoEncoder";
    checkOptions(name, options, ["dimInput", "dimMid", "dimHid", "residual", ...WEIGHT_OPTIONS]);
    const count = (key: "dimInput" | "dimMid" | "dimHid", value: unknown) =>
      checkNumber(name, key, value, { positive: true, integer: true });
    this.#dimInput = count("dimInput", options?.dimInput);
    const dimMid = count("dimMid", options.dimMid ?? 1000);
    const dimHid = count("dimHid", options.dimHid ?? 32);
    this.residual = checkFlag(name, "residual", options.residual, true);
    const weights = sharedWeights(options);
    const linear = (inFeatures: number, outFeatures: number) => new Linear({ inFeatures, outFeatures, ...weights });
    [this.encoder, this.decoder] = freeKeptOnError(() => [
      new Sequential(linear(this.#dimInput, dimMid), new ReLU(), linear(dimMid, dimHid)),
      new Sequential(linear(dimHid, dimMid), new ReLU(), linear(dimMid, this.#dimInput)),
    ]);
  }

  /**
   * The decoded image; noise level or physics, if given, are ignored.
   *
   * @throws ShapeError `shape_mismatch` where an image does not have `dimInput` entries.
   */
  forward(y: Tensor, _condition?: Condition, _options?: ReconstructOptions): Tensor {
    checkTensor("AutoEncoder", "y", y);
    return freeOnError(() => {
      const [batch = 1, ...rest] = y.shape;
      const entries = rest.reduce((a, b) => a * b, 1);
      if (y.shape.length < 2 || entries !== this.#dimInput) {
        throw new ShapeError(
          `AutoEncoder: y has shape [${y.shape.join(", ")}], expected [batch, ...] with ` +
            `${this.#dimInput} entries per image, as dimInput says.`,
          "shape_mismatch",
        );
      }
      const x = y.reshape([batch, entries]);
      const decoded = this.decoder.forward(this.encoder.forward(x));
      return (this.residual ? decoded.add(x) : decoded).reshape([...y.shape]);
    });
  }
}
