import type { RandomSource } from "../../random/index.js";
import { ArgumentError, checkNumber, checkList, LARGEST } from "../../runtime/index.js";
import {
  BernoulliSplittingMaskGenerator,
  type BernoulliSplittingMaskGeneratorOptions,
  type InputMask,
} from "./bernoulli-splitting.js";
import { weightedSubset } from "./mri-mask.js";

/** Options of {@link GaussianSplittingMaskGenerator}. */
export interface GaussianSplittingMaskGeneratorOptions extends BernoulliSplittingMaskGeneratorOptions {
  /** Height and width over the standard deviations of the Gaussian along them. Default: 4. */
  stdScale?: number;
  /** Size of the central block, which is always kept: `[height, width]` or one number for both. Default: [8, 8]. */
  centerBlock?: number | readonly [number, number];
}

/**
 * Splitting masks for k-space that leave out `ceil(n (1 - splitRatio))` of the n measured entries of each frame, with a
 * Gaussian density around the centre, but none of the central block.
 *
 * Fewer are left out where fewer are outside the block. `imgSize` is `[C, H, W]` or `[C, T, H, W]`; frames are split
 * independently. `step` gives `{ mask }`; it throws ArgumentError `empty_mask` where nothing is measured, and
 * `empty_split` where all measured entries are in the block. Paper: Yaman et al., "Self-supervised learning of
 * physics-guided reconstruction neural networks without fully sampled reference data", 2020, arXiv:1912.07669.
 */
export class GaussianSplittingMaskGenerator extends BernoulliSplittingMaskGenerator {
  protected static override readonly optionKeys: readonly string[] = [
    ...BernoulliSplittingMaskGenerator.optionKeys,
    "stdScale",
    "centerBlock",
  ];

  /** Height and width over the standard deviations of the Gaussian along them. */
  readonly stdScale: number;
  /** Size of the central block, `[height, width]`. */
  readonly centerBlock: readonly [number, number];

  /** @throws ArgumentError `missing_argument`, `invalid_argument`, `unknown_option`. */
  constructor(options: GaussianSplittingMaskGeneratorOptions) {
    const name = new.target.name;
    super(options);
    if (this.imgSize.length < 3 || this.imgSize.length > 4) {
      throw new ArgumentError(
        `${name}: imgSize is [${this.imgSize.join(", ")}], expected [C, H, W] or [C, T, H, W].`,
        "invalid_argument",
      );
    }
    this.stdScale = checkNumber(name, "stdScale", options.stdScale ?? 4, { positive: true });
    const block = options.centerBlock ?? [8, 8];
    const [height, width] = typeof block === "number" ? [block, block] : checkList(name, "centerBlock", block, 2);
    this.centerBlock = [
      checkNumber(name, "centerBlock", height as number, { integer: true, min: 0 }),
      checkNumber(name, "centerBlock", width as number, { integer: true, min: 0 }),
    ];
  }

  /** The weights of the entries of one frame, `[height, width]`: a Gaussian around the centre, 0 in the block. */
  getPdf(height: number, width: number): Float64Array {
    for (const [key, side] of Object.entries({ height, width }))
      checkNumber(`${this.className}.getPdf`, key, side, { integer: true, min: 0, max: LARGEST.imageSide });
    const [cy, cx] = [Math.floor(height / 2), Math.floor(width / 2)];
    const [by, bx] = this.centerBlock.map((n) => Math.floor(n / 2)) as [number, number];
    const [sy, sx] = [height / this.stdScale, width / this.stdScale];
    return Float64Array.from({ length: height * width }, (_, i) => {
      const [y, x] = [Math.floor(i / width) - cy, (i % width) - cx];
      const inBlock = y >= -by && y < by && x >= -bx && x < bx;
      return inBlock ? 0 : Math.exp(-(y * y) / (2 * sy * sy) - (x * x) / (2 * sx * sx));
    });
  }

  protected override drawMask(shape: readonly number[], input: InputMask | undefined, rng: RandomSource): Float32Array {
    const ratio = this.ratio(rng);
    const size = shape.reduce((a, b) => a * b, 1);
    const kept = Float32Array.from({ length: size }, (_, i) => (input && input.values[i] === 0 ? 0 : 1));
    const [height, width] = shape.slice(-2) as [number, number];
    const plane = height * width;
    const pdf = this.getPdf(height, width);
    const channels = shape[0] as number;
    // With pixelwise, the first channel is drawn and the others follow it.
    const entries = this.pixelwise ? size / channels : size;
    let [measured, left] = [0, 0];
    for (let start = 0; start < entries; start += plane) {
      const n = kept.subarray(start, start + plane).reduce((a, b) => a + b, 0);
      const count = Math.min(Math.ceil(n * (1 - ratio)), ratio > 0 ? n - 1 : n);
      const out =
        count > 0
          ? weightedSubset(
              pdf.map((p, i) => p * (kept[start + i] as number)),
              count,
              rng,
            )
          : [];
      for (const i of out)
        for (let entry = start + i; entry < size; entry += this.pixelwise ? entries : size) kept[entry] = 0;
      measured += n;
      left += out.length;
    }
    if (measured === 0)
      throw new ArgumentError(
        `${this.className}.step: the mask has no measured pixel, so there is nothing to split; ` +
          "check the physics' mask or leave out this image.",
        "empty_mask",
      );
    if (left === 0 && ratio < 1) {
      throw new ArgumentError(
        `${this.className}.step: the split leaves nothing to predict, as no measured pixel is outside the centre ` +
          `block of ${this.centerBlock.join(" x ")}; make centerBlock smaller.`,
        "empty_split",
      );
    }
    return kept;
  }
}
