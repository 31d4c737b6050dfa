import { ShapeError } from "../runtime/index.js";
import { ops } from "../tensor/index.js";
import type { Tensor } from "../tensor/index.js";
import { fourierFilter, halfSpectrum } from "./fourier.js";
import { padImages, padImagesAdjoint, sameWidths } from "./image-padding.js";
import type { Padding } from "./image-padding.js";
import { checkArguments } from "./options.js";

/** Batch, channels and filter size after the filter has been checked against the image. */
interface Layout {
  batch: number;
  channels: number;
  h: number;
  w: number;
  /** Whether each image has a filter of its own. */
  perImage: boolean;
  /** Whether each channel has a filter of its own. */
  perChannel: boolean;
}

function layoutOf(caller: string, x: Tensor, filter: Tensor): Layout {
  const [batch = 1, channels = 1] = x.shape;
  const [b = 1, c = 1, h = 1, w = 1] = filter.shape;
  if (filter.shape.length !== 4 || (b !== 1 && b !== batch) || (c !== 1 && c !== channels)) {
    throw new ShapeError(
      `${caller}: the filter has shape [${filter.shape.join(", ")}], expected ` +
        `[1 or ${batch}, 1 or ${channels}, height, width] for images of shape [${x.shape.join(", ")}].`,
      "shape_mismatch",
    );
  }
  return { batch, channels, h, w, perImage: b > 1, perChannel: c > 1 };
}

/**
 * Images and filters arranged for one grouped convolution: a shared filter takes every channel of every image as an
 * image of its own, other filters take the channels as groups.
 */
function grouped(x: Tensor, filter: Tensor, l: Layout): { input: Tensor; weight: Tensor; groups: number } {
  const [height = 0, width = 0] = x.shape.slice(2);
  // The operator cross-correlates; a convolution flips the filter.
  const flipped = filter.flip([2, 3]);
  if (!l.perImage && !l.perChannel) {
    return { input: x.reshape([l.batch * l.channels, 1, height, width]), weight: flipped, groups: 1 };
  }
  if (!l.perImage) return { input: x, weight: flipped.reshape([l.channels, 1, l.h, l.w]), groups: l.channels };
  const weight = flipped.expand([l.batch, l.channels, l.h, l.w]).reshape([l.batch * l.channels, 1, l.h, l.w]);
  return { input: x.reshape([1, l.batch * l.channels, height, width]), weight, groups: l.batch * l.channels };
}

/** The valid part of a convolution, `[B, C, H - h + 1, W - w + 1]`, by Fourier transforms. */
function convolveFft(x: Tensor, filter: Tensor): Tensor {
  const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
  const [, , h = 1, w = 1] = filter.shape;
  return fourierFilter(x, halfSpectrum(enlarged(filter, height, width))).slice(
    [0, 0, h - 1, w - 1],
    [batch, channels, height, width],
  );
}

/** The transpose of {@link convolveFft}. */
function convolveFftAdjoint(y: Tensor, filter: Tensor): Tensor {
  const [, , h = 1, w = 1] = filter.shape;
  const embedded = y.pad([0, 0, 0, 0, h - 1, 0, w - 1, 0]);
  const [, , height = 1, width = 1] = embedded.shape;
  return fourierFilter(embedded, halfSpectrum(enlarged(filter, height, width)), { conjugate: true });
}

/** A filter with zeros below and to the right, up to a size. */
function enlarged(filter: Tensor, height: number, width: number): Tensor {
  const [, , h = 1, w = 1] = filter.shape;
  return filter.pad([0, 0, 0, 0, 0, height - h, 0, width - w]);
}

/**
 * Folds one dimension of a filter that is longer than an image side of `n` pixels, which sees it wrapped around; the
 * centre stays the centre.
 */
function foldSide(filter: Tensor, dim: 2 | 3, n: number): Tensor {
  const length = filter.shape[dim] ?? 1;
  if (length <= n) return filter;
  const times = Math.ceil(length / n);
  const widths = [0, 0, 0, 0, 0, 0, 0, 0];
  widths[2 * dim + 1] = times * n - length;
  const shape = [...filter.shape];
  shape.splice(dim, 1, times, n);
  const folded = filter.pad(widths).reshape(shape).sum(dim);
  return folded.roll([Math.floor(n / 2) - Math.floor(length / 2)], [dim]);
}

/** The filter that circular images of `height` x `width` pixels see: a larger one wraps around and is added up. */
export function wrapFilter(filter: Tensor, height: number, width: number): Tensor {
  return foldSide(foldSide(filter, 2, height), 3, width);
}

/** Options of {@link convolve}. */
export interface ConvolveArguments {
  /** How the image continues beyond its border. Default: `"valid"`. */
  padding?: Padding;
  /** By Fourier transforms, which is faster for large filters; not with a stride. Default: false. */
  useFft?: boolean;
  /** Distance between the pixels of the result that are kept, from the first one on. Default: 1. */
  stride?: number;
  /** Whom messages name. Default: the function. */
  caller?: string;
}

/**
 * True convolution of images `[B, C, H, W]` with a filter `[1 or B, 1 or C, h, w]` centred at
 * `(floor(h / 2), floor(w / 2))`.
 *
 * Padding `"valid"` gives `[B, C, H - h + 1, W - w + 1]`, any other the size of `x`; of that, every `stride`-th pixel.
 * With `"circular"` the filter may be larger than the image.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `unknown_option`.
 */
export function convolve(x: Tensor, filter: Tensor, options: ConvolveArguments = {}): Tensor {
  checkArguments("convolve", options, ["padding", "useFft", "stride", "caller"]);
  const { padding = "valid", useFft = false, stride = 1, caller = "convolve" } = options;
  const wrapped = padding === "circular" ? wrapFilter(filter, x.shape[2] ?? 1, x.shape[3] ?? 1) : filter;
  const layout = layoutOf(caller, x, wrapped);
  const { batch, channels, h, w } = layout;
  const padded = padImages(x, sameWidths(h, w), { padding, caller });
  const [height = 0, width = 0] = padded.shape.slice(2);
  if (height < h || width < w) {
    throw new ShapeError(
      `${caller}: the filter (${h} x ${w}) is larger than the image (${height} x ${width}).`,
      "shape_mismatch",
    );
  }
  if (useFft) return convolveFft(padded, wrapped);
  const { input, weight, groups } = grouped(padded, wrapped, layout);
  const out = ops.conv2d(input, weight, null, [stride, stride], [0, 0], [1, 1], groups);
  return out.reshape([batch, channels, Math.ceil((height - h + 1) / stride), Math.ceil((width - w + 1) / stride)]);
}

/** Options of {@link convolveAdjoint}. */
export interface ConvolveAdjointArguments extends ConvolveArguments {
  /** Height and width of the result of a stride of 1. Default: those of `y`. */
  size?: readonly [number, number];
}

/**
 * The transpose of {@link convolve} in its image, with the same options.
 *
 * @throws ShapeError `shape_mismatch`; ArgumentError `unknown_option`.
 */
export function convolveAdjoint(y: Tensor, filter: Tensor, options: ConvolveAdjointArguments = {}): Tensor {
  checkArguments("convolveAdjoint", options, ["padding", "useFft", "stride", "size", "caller"]);
  const { padding = "valid", useFft = false, stride = 1, caller = "convolveAdjoint" } = options;
  const [rows = 0, columns = 0] = y.shape.slice(2);
  const [height, width] = options.size ?? [rows, columns];
  const wrapped = padding === "circular" ? wrapFilter(filter, height, width) : filter;
  const layout = layoutOf(caller, y, wrapped);
  const { batch, channels, h, w } = layout;
  const widths = sameWidths(h, w);
  if (useFft) return padImagesAdjoint(convolveFftAdjoint(y, wrapped), widths, { padding, caller });
  const { input, weight, groups } = grouped(y, wrapped, layout);
  const rest = [height - 1 - (rows - 1) * stride, width - 1 - (columns - 1) * stride];
  const out = ops.convTranspose2d(input, weight, null, [stride, stride], [0, 0], rest, [1, 1], groups);
  return padImagesAdjoint(out.reshape([batch, channels, height + h - 1, width + w - 1]), widths, { padding, caller });
}
