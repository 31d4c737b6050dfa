// Pages of a file as frames: what is shown and cleaned at once.

/**
 * How the pages of a file make frames: `count` frames, each of the pages `pagesOf(frame)`, one for each channel of a
 * microscope. Files whose channels are no pages have a frame for each page.
 *
 * @param info `{ pages, metadata }` as `readPixels` gives them, and the number of channels of a page.
 */
export function framesOf({ pages, metadata: { axes = "", sizes = {} } }, channelsOfPage) {
  const outer = [...axes].filter((axis) => !"YXS".includes(axis));
  const length = (list) => list.reduce((product, axis) => product * (sizes[axis] ?? 1), 1);
  const channels = sizes.C ?? 1;
  if (channelsOfPage !== 1 || channels < 2 || !outer.includes("C") || length(outer) !== pages)
    return { count: pages, channels: 1, pagesOf: (frame) => [frame] };
  const inner = length(outer.slice(outer.indexOf("C") + 1));
  return {
    count: pages / channels,
    channels,
    pagesOf: (frame) =>
      Array.from({ length: channels }, (_, c) => (Math.floor(frame / inner) * channels + c) * inner + (frame % inner)),
  };
}

/** Joins planes of equal size to one image with their channels. */
export function joinPlanes(planes) {
  const [{ shape }] = planes;
  const channels = planes.reduce((sum, plane) => sum + plane.shape[0], 0);
  const data = new Float32Array(planes.reduce((sum, plane) => sum + plane.data.length, 0));
  let at = 0;
  for (const plane of planes) {
    data.set(plane.data, at);
    at += plane.data.length;
  }
  return { data, shape: [channels, shape[1], shape[2]] };
}

/** Some channels of an image. */
export function channelsOf({ data, shape: [, height, width] }, first, end) {
  const plane = height * width;
  return { data: data.slice(first * plane, end * plane), shape: [end - first, height, width] };
}

/** An image without its opacity, and the opacity. */
export function splitAlpha(pixels, alpha) {
  const [channels] = pixels.shape;
  if (!alpha || channels < 2) return { colours: { data: pixels.data, shape: pixels.shape }, opacity: undefined };
  return {
    colours: channelsOf(pixels, 0, channels - 1),
    opacity: channelsOf(pixels, channels - 1, channels),
  };
}

/** Averages blocks of pixels so that at most `limit` remain. */
export function downscale({ data, shape: [channels, height, width] }, limit) {
  const factor = Math.ceil(Math.sqrt((height * width) / limit));
  const [rows, columns] = [Math.floor(height / factor), Math.floor(width / factor)];
  const small = new Float32Array(channels * rows * columns);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let p = 0; p < factor; p++)
          for (let q = 0; q < factor; q++) sum += data[(c * height + i * factor + p) * width + j * factor + q];
        small[(c * rows + i) * columns + j] = sum / (factor * factor);
      }
    }
  }
  return { data: small, shape: [channels, rows, columns] };
}

/** A copy in which the last value before it replaces each value that is not finite; `missing` is where they were. */
export function withoutNaN({ data, shape }) {
  if (data.every(Number.isFinite)) return { pixels: { data, shape }, missing: [] };
  const filled = data.slice();
  const missing = [];
  let last = data.find(Number.isFinite) ?? 0;
  for (let i = 0; i < filled.length; i++) {
    if (Number.isFinite(filled[i])) last = filled[i];
    else {
      missing.push(i);
      filled[i] = last;
    }
  }
  return { pixels: { data: filled, shape }, missing };
}

/**
 * A mask, 1 where a pixel is present and 0 where all its channels are 0, its opacity is 0 or a value is missing; and
 * the share present.
 */
export function maskOf({ data, shape: [channels, height, width] }, opacity) {
  const plane = height * width;
  const mask = new Float32Array(plane);
  for (let c = 0; c < channels; c++) for (let i = 0; i < plane; i++) if (data[c * plane + i] !== 0) mask[i] = 1;
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < plane; i++) if (!Number.isFinite(data[c * plane + i])) mask[i] = 0;
  if (opacity) for (let i = 0; i < plane; i++) if (opacity.data[i] === 0) mask[i] = 0;
  return { mask, present: mask.reduce((sum, value) => sum + value, 0) / plane };
}
