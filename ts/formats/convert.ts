import { largestValue, type Raster, type SampleArray } from "./raster.js";

/** Channels that are asked for; `"auto"` are all of the file, the opacity too. */
export type Channels = "grey" | "rgb" | "auto";

/** A page as floats, channel by channel. */
export interface Plane {
  readonly data: Float32Array;
  /** `[channels, height, width]`. */
  readonly shape: [number, number, number];
  /** Stored value of 1: `data * scale` are the samples of the file. */
  readonly scale: number;
}

/**
 * Converts a page to floats, turned upright.
 *
 * @param scale `"type"`: integers divided by the largest value of their type, white where small values are bright;
 * `"none"`: as stored.
 * @returns undefined where the page has no colours as asked for.
 */
export function toPlane(raster: Raster, channels: Channels, scale: "type" | "none"): Plane | undefined {
  const { width, height, sample, bits, orientation } = raster;
  const picked = pick(raster, channels);
  if (!picked) return undefined;
  const divisor = scale === "type" ? largestValue(sample, bits) : 1;
  const inverted = scale === "type" && raster.whiteIsZero;
  const turned = orientation > 4;
  const [rows, columns] = turned ? [width, height] : [height, width];
  const plane = width * height;
  const data = new Float32Array(picked.count * plane);
  if (orientation === 1 && !inverted && channels === "auto") {
    // Most images: without a function call for each value.
    const { values, channels: stride } = raster;
    for (let c = 0; c < stride; c++) {
      const to = data.subarray(c * plane, (c + 1) * plane);
      for (let i = 0, from = c; i < plane; i++, from += stride) to[i] = (values[from] as number) / divisor;
    }
    return { data, shape: [stride, height, width], scale: divisor };
  }
  const opacity = raster.alpha ? raster.channels - 1 : -1;
  for (let c = 0; c < picked.count; c++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const value = picked.value(source(orientation, i, j, width, height), c);
        data[c * plane + i * columns + j] = (inverted && c !== opacity ? divisor - value : value) / divisor;
      }
    }
  }
  return { data, shape: [picked.count, rows, columns], scale: divisor };
}

/** The pixel of the file that stands at row i and column j of the upright image (EXIF, tag Orientation). */
function source(orientation: number, i: number, j: number, width: number, height: number): number {
  const [across, down] = [width - 1, height - 1];
  switch (orientation) {
    case 2:
      return i * width + across - j;
    case 3:
      return (down - i) * width + across - j;
    case 4:
      return (down - i) * width + j;
    case 5:
      return j * width + i;
    case 6:
      return (down - j) * width + i;
    case 7:
      return (down - j) * width + across - i;
    case 8:
      return j * width + across - i;
    default:
      return i * width + j;
  }
}

/** The channels of a page that are asked for. */
function pick(raster: Raster, wanted: Channels) {
  const { values, channels, colour, sample, bits } = raster;
  const stored = (pixel: number, c: number): number => values[pixel * channels + c] as number;
  if (wanted === "auto") return { count: channels, value: stored };
  if (colour === "cmyk") return undefined;
  if (colour === "rgb") {
    if (wanted === "rgb") return { count: 3, value: stored };
    const largest = sample.startsWith("uint") && bits <= 16 ? 2 ** bits - 1 : undefined;
    return { count: 1, value: greyOf(values, channels, largest) };
  }
  if (colour === "other" && channels > 1) return undefined;
  return wanted === "grey" ? { count: 1, value: stored } : { count: 3, value: (pixel: number) => stored(pixel, 0) };
}

/**
 * Grey values of colours (Rec. 709 weights): of unsigned integers up to 16 bits the luminance in linear light of sRGB,
 * rounded to an integer; of other samples, whose curve is not known, the weighted sum.
 */
function greyOf(values: SampleArray, channels: number, largest: number | undefined) {
  const linear =
    largest === undefined ? undefined : Float64Array.from({ length: largest + 1 }, (_, v) => toLinear(v / largest));
  return (pixel: number): number => {
    const at = pixel * channels;
    const [r, g, b] = [values[at], values[at + 1], values[at + 2]] as [number, number, number];
    if (!linear || largest === undefined) return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    if (r === g && g === b) return r;
    const y = 0.2126 * (linear[r] as number) + 0.7152 * (linear[g] as number) + 0.0722 * (linear[b] as number);
    return Math.round(largest * fromLinear(y));
  };
}

const toLinear = (v: number): number => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const fromLinear = (y: number): number => (y <= 0.0031308 ? 12.92 * y : 1.055 * y ** (1 / 2.4) - 0.055);
