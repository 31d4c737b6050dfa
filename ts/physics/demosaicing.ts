import { ArgumentError, checkWord, checkOptionsObject } from "../runtime/index.js";
import { freeOnError, tensor, type Tensor } from "../tensor/index.js";
import { checkImgSize } from "./argument-checks.js";
import { Inpainting } from "./inpainting.js";
import type { LinearOptions } from "./linear.js";
import type { NoiseModel, ZeroNoise } from "./noise/index.js";

/** Options of {@link Demosaicing}. */
export interface DemosaicingOptions<N extends NoiseModel = NoiseModel> extends LinearOptions<N> {
  /** Size of the images, `[H, W]` or `[3, H, W]`. */
  imgSize: readonly number[];
  /** Arrangement of the colour filters, of which there is one. Default: "bayer". */
  pattern?: "bayer";
}

/** The Bayer mask of shape `[1, 3, H, W]`: blue at even rows and columns, red at odd ones, green elsewhere. */
function bayerMask(height: number, width: number): Tensor {
  const data = new Float32Array(3 * height * width);
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const channel = i % 2 === 1 && j % 2 === 1 ? 0 : i % 2 === 0 && j % 2 === 0 ? 2 : 1;
      data[(channel * height + i) * width + j] = 1;
    }
  }
  return tensor(data, { shape: [1, 3, height, width] });
}

/** Demosaicing: a sensor that measures one colour per pixel. Images and measurements are `[B, 3, H, W]`. */
export class Demosaicing<N extends NoiseModel = ZeroNoise> extends Inpainting<N, "demosaicing"> {
  protected static override readonly optionKeys: readonly string[] = ["pattern"];
  override readonly operator = "demosaicing" as const;
  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: DemosaicingOptions<N>) {
    checkOptionsObject(new.target.name, options);
    const { pattern = "bayer", imgSize, ...rest } = options;
    checkWord("Demosaicing", "pattern", pattern, ["bayer"]);
    const size = checkImgSize("Demosaicing", imgSize);
    const [height, width] = size.slice(-2);
    if (height === undefined || width === undefined || size.length > 3 || (size.length === 3 && size[0] !== 3)) {
      throw new ArgumentError(
        `Demosaicing: imgSize is [${size.join(", ")}], expected [height, width] or [3, height, width].`,
        "invalid_argument",
      );
    }
    super({ ...rest, imgSize: [3, height, width] });
    this.mask = freeOnError(() => this.checkMask(bayerMask(height, width)));
  }
}
