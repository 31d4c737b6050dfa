import { ShapeError } from "../../runtime/index.js";
import { ops, type Tensor } from "../../tensor/index.js";
import { circular, halfSpectrum } from "./fourier.js";
import { padImages, padImagesAdjoint, sameWidths, type Padding } from "./padding.js";

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

function layout(caller: string, x: Tensor, filter: Tensor): Layout {
  const [batch = 1, channels = 1] = x.shape;
  const [b = 1, c = 1, h = 1, w = 1] = filter.shape;
  if (filter.shape.length !== 4 || (b !== 1 && b !== batch) || (c !== 1 && c !== channels)) {
    throw new ShapeError(
      `${caller}: the filter has shape [${filter.shape.join(", ")}], expected [1 or ${batch}, 1 or ${channels}, height, width] for images of shape [${x.shape.join(", ")}].`,
      "shape_mismatch",
    );
  }
  return { batch, channels, h, w, perImage: b > 1, perChannel: c > 1 };
}

/**
 * Images and filters so arranged that one grouped convolution does them all:
 * a shared filter takes every channel of every image as an image, others take them as groups.
 */
function grouped(x: Tensor, filter: Tensor, l: Layout): { input: Tensor; weight: Tensor; groups: number } {
  const [height = 0, width = 0] = x.shape.slice(2);
  // The operator cross-correlates; a convolution has the filter turned round.
  const turned = filter.flip([2, 3]);
  if (!l.perImage && !l.perChannel) {
    return { input: x.reshape([l.batch * l.channels, 1, height, width]), weight: turned, groups: 1 };
  }
  if (!l.perImage) return { input: x, weight: turned.reshape([l.channels, 1, l.h, l.w]), groups: l.channels };
  const weight = turned.expand([l.batch, l.channels, l.h, l.w]).reshape([l.batch * l.channels, 1, l.h, l.w]);
  return { input: x.reshape([1, l.batch * l.channels, height, width]), weight, groups: l.batch * l.channels };
}

/** The part of a circular convolution that no border reaches, `[B, C, H - h + 1, W - w + 1]`, by Fourier transforms. */
function convolveFft(x: Tensor, filter: Tensor): Tensor {
  const [batch = 1, channels = 1, height = 1, width = 1] = x.shape;
  const [, , h = 1, w = 1] = filter.shape;
  return circular(x, halfSpectrum(enlarged(filter, height, width)), false).slice(
    [0, 0, h - 1, w - 1],
    [batch, channels, height, width],
  );
}

/** The transpose of {@link convolveFft}. */
function convolveFftAdjoint(y: Tensor, filter: Tensor): Tensor {
  const [, , h = 1, w = 1] = filter.shape;
  const spread = y.pad([0, 0, 0, 0, h - 1, 0, w - 1, 0], { mode: "constant" });
  const [, , height = 1, width = 1] = spread.shape;
  return circular(spread, halfSpectrum(enlarged(filter, height, width)), true);
}

function enlarged(filter: Tensor, height: number, width: number): Tensor {
  const [, , h = 1, w = 1] = filter.shape;
  return filter.pad([0, 0, 0, 0, 0, height - h, 0, width - w], { mode: "constant" });
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
  const folded = filter.pad(widths, { mode: "constant" }).reshape(shape).sum(dim);
  return folded.roll([Math.floor(n / 2) - Math.floor(length / 2)], [dim]);
}

/** The filter that circular images of `height` x `width` pixels see: a larger one wraps around and is added up. */
export function wrapFilter(filter: Tensor, height: number, width: number): Tensor {
  return foldSide(foldSide(filter, 2, height), 3, width);
}

/** How a convolution is computed, and of which pixels. */
export interface ConvolveOptions {
  /** By Fourier transforms, which is faster for large filters; not with a stride. Default false. */
  useFft?: boolean;
  /** Distance between the pixels of the result that are kept, from the first one on. Default 1. */
  stride?: number;
}

/**
 * True convolution of `x` `[B, C, H, W]` with `filter` `[1 or B, 1 or C, h, w]`, centred at `(h // 2, w // 2)`.
 *
 * `"valid"` gives `[B, C, H - h + 1, W - w + 1]`, any other padding the size of `x`; of that, every `stride`-th pixel.
 * With `"circular"` the filter may be larger than the image.
 */
export function convolve(
  caller: string,
  x: Tensor,
  given: Tensor,
  padding: Padding,
  { useFft = false, stride = 1 }: ConvolveOptions = {},
): Tensor {
  const filter = padding === "circular" ? wrapFilter(given, x.shape[2] ?? 1, x.shape[3] ?? 1) : given;
  const l = layout(caller, x, filter);
  const padded = padImages(caller, x, sameWidths(l.h, l.w), padding);
  const [height = 0, width = 0] = padded.shape.slice(2);
  if (height < l.h || width < l.w) {
    throw new ShapeError(
      `${caller}: the filter (${l.h} x ${l.w}) is larger than the image (${height} x ${width}).`,
      "shape_mismatch",
    );
  }
  if (useFft) return convolveFft(padded, filter);
  const { input, weight, groups } = grouped(padded, filter, l);
  const out = ops.conv2d(input, weight, null, [stride, stride], [0, 0], [1, 1], groups);
  return out.reshape([
    l.batch,
    l.channels,
    Math.ceil((height - l.h + 1) / stride),
    Math.ceil((width - l.w + 1) / stride),
  ]);
}

/**
 * The transpose of {@link convolve}. `size`: height and width of the result of a stride of 1, those of `y` by default.
 */
export function convolveAdjoint(
  caller: string,
  y: Tensor,
  given: Tensor,
  padding: Padding,
  { useFft = false, stride = 1, size }: ConvolveOptions & { size?: readonly [number, number] } = {},
): Tensor {
  const [h = 0, w = 0] = y.shape.slice(2);
  const [height, width] = size ?? [h, w];
  const filter = padding === "circular" ? wrapFilter(given, height, width) : given;
  const l = layout(caller, y, filter);
  if (useFft) return padImagesAdjoint(caller, convolveFftAdjoint(y, filter), sameWidths(l.h, l.w), padding);
  const { input, weight, groups } = grouped(y, filter, l);
  const rest = [height - 1 - (h - 1) * stride, width - 1 - (w - 1) * stride];
  const out = ops.convTranspose2d(input, weight, null, [stride, stride], [0, 0], rest, [1, 1], groups);
  const z = out.reshape([l.batch, l.channels, height + l.h - 1, width + l.w - 1]);
  return padImagesAdjoint(caller, z, sameWidths(l.h, l.w), padding);
}
