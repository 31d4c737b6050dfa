import { checkTensor } from "../../tensor/index.js";
import { checkNumber, checkOptions } from "../../runtime/index.js";
import type { Tensor } from "../../tensor/index.js";
import { interpolate, interpolation, pixelShuffle, pixelUnshuffle } from "../../functional/index.js";
import type { InterpolateArguments } from "../../functional/index.js";
import { Module } from "../module.js";

/** Resizes images, `[B, C, H, W]` to `[B, C, h, w]`, with the options of `functional.interpolate`. */
export class Upsample extends Module {
  /** The options as given. */
  readonly options: Readonly<InterpolateArguments>;

  constructor(options: InterpolateArguments) {
    super();
    interpolation("Upsample", options);
    this.options = options;
  }

  /** The resized images. */
  forward(x: Tensor): Tensor {
    checkTensor("Upsample", "x", x);
    return interpolate(x, this.options);
  }
}

/** Channels become pixels: `[B, C r^2, H, W]` to `[B, C, r H, r W]` with `r = factor`. */
export class PixelShuffle extends Module {
  /** The factor r. */
  readonly factor: number;

  constructor(options: { factor: number }) {
    super();
    checkOptions("PixelShuffle", options, ["factor"]);
    this.factor = checkNumber("PixelShuffle", "factor", options.factor, { positive: true, integer: true });
  }

  /** The rearranged images. */
  forward(x: Tensor): Tensor {
    checkTensor("PixelShuffle", "x", x);
    return pixelShuffle(x, this.factor);
  }
}

/** Pixels become channels: `[B, C, r H, r W]` to `[B, C r^2, H, W]` with `r = factor`. */
export class PixelUnshuffle extends Module {
  /** The factor r. */
  readonly factor: number;

  constructor(options: { factor: number }) {
    super();
    checkOptions("PixelUnshuffle", options, ["factor"]);
    this.factor = checkNumber("PixelUnshuffle", "factor", options.factor, { positive: true, integer: true });
  }

  /** The rearranged images. */
  forward(x: Tensor): Tensor {
    checkTensor("PixelUnshuffle", "x", x);
    return pixelUnshuffle(x, this.factor);
  }
}

/** All dimensions but the batch as one: `[B, ...]` to `[B, n]`. */
export class Flatten extends Module {
  /** The flattened batch. */
  forward(x: Tensor): Tensor {
    checkTensor("Flatten", "x", x);
    return x.reshape([x.shape[0] ?? 1, -1]);
  }
}
