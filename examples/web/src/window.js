// From the values of a file to the brightness of the screen.

/** Values that are looked at for quantiles and histograms; more do not change what is seen. */
const mostValues = 200_000;
/** Share of the values that may be darker than black, and brighter than white. */
const outliers = 0.001;

/** Colours of the channels of a microscope, in this order. */
export const channelColours = ["#2ee56b", "#ff4dea", "#35b8ff", "#ffc02e", "#ff5a4f", "#ffffff"];

/** Finite values of one channel or of all, at most `mostValues` of them, in the units of the file. */
export function sampleOf({ data }, scale, first = 0, end = data.length) {
  const step = Math.max(1, Math.floor((end - first) / mostValues));
  const values = [];
  for (let i = first; i < end; i += step) if (Number.isFinite(data[i])) values.push(data[i] * scale);
  return Float64Array.from(values).sort();
}

/**
 * The automatic window of sorted values: the range of the type of an 8-bit picture, and of a deeper one that uses more
 * than half of it; else from the 0.1 to the 99.9 percent quantile.
 */
export function automaticWindow(sorted, sample, scale) {
  if (sorted.length === 0) return { low: 0, high: 1, gamma: 1 };
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const [dark, bright] = [at(outliers), at(1 - outliers)];
  const isUnsigned = sample.startsWith("uint");
  if (sample === "uint8" || (isUnsigned && bright > scale / 2)) return { low: 0, high: scale, gamma: 1 };
  if (sample.startsWith("float") && sorted[0] >= 0 && sorted.at(-1) <= 1 && bright > 0.5)
    return { low: 0, high: 1, gamma: 1 };
  return { low: dark, high: bright > dark ? bright : dark + 1, gamma: 1 };
}

/** Brightness from 0 to 255 of a value, by a table. */
function toneOf({ low, high, gamma }, scale) {
  const size = 4096;
  const table = new Uint8ClampedArray(size + 1);
  for (let k = 0; k <= size; k++) table[k] = Math.round(255 * (k / size) ** (1 / gamma));
  const [offset, factor] = [low / scale, (size * scale) / (high - low || 1)];
  return (value) => {
    const t = (value - offset) * factor;
    // A value that is not finite is black.
    return t > 0 ? table[t < size ? Math.round(t) : size] : 0;
  };
}

/** The red, green and blue of a colour such as #2ee56b, from 0 to 1. */
const rgbOf = (colour) => [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);

/**
 * The picture as RGBA bytes. Grey and colours have one window; channels have one each, a colour, and may be off.
 *
 * @param look `{ scale, windows, colours? }`: what 1 is in the file, the windows in its units, and of channels
 * `{ colour, on }`.
 */
export function toScreen({ data, shape: [channels, height, width] }, { scale, windows, colours }) {
  const plane = height * width;
  const rgba = new Uint8ClampedArray(4 * plane);
  if (colours) {
    const sum = new Float32Array(3 * plane);
    for (let c = 0; c < channels; c++) {
      if (!colours[c].on) continue;
      const [tone, rgb] = [toneOf(windows[c], scale), rgbOf(colours[c].colour)];
      for (let i = 0; i < plane; i++) {
        const value = tone(data[c * plane + i]);
        for (let k = 0; k < 3; k++) sum[3 * i + k] += rgb[k] * value;
      }
    }
    for (let i = 0; i < plane; i++) {
      for (let k = 0; k < 3; k++) rgba[4 * i + k] = sum[3 * i + k];
      rgba[4 * i + 3] = 255;
    }
    return rgba;
  }
  const tone = toneOf(windows[0], scale);
  const planes = channels >= 3 ? [0, plane, 2 * plane] : [0, 0, 0];
  for (let i = 0; i < plane; i++) {
    for (let k = 0; k < 3; k++) rgba[4 * i + k] = tone(data[planes[k] + i]);
    rgba[4 * i + 3] = 255;
  }
  return rgba;
}
