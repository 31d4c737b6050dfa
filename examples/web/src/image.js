// Images: decoding, downscaling, masks, painting on a canvas.
import { io } from "adjoint";

/** Largest number of pixels: training sees patches only, but the whole image is kept in float32. */
export const maxPixels = 4_000_000;
/** Larger files are refused without reading them. */
const maxBytes = 100_000_000;
const minSide = 48;

/** An error whose message is for the visitor. */
export class UserError extends Error {}

/** The pixels of a file, in [0, 1]: `{ data, shape: [channels, height, width] }`. */
export async function decode(file, name) {
  if (file.size > maxBytes)
    throw new UserError(
      `${name} has ${Math.round(file.size / 1e6)} MB; pictures up to ${maxBytes / 1e6} MB can be read here.`,
    );
  try {
    const pixels = await io.decodePixels(file);
    const [, height, width] = pixels.shape;
    if (Math.min(height, width) < minSide)
      throw new UserError(
        `${name} has ${width} x ${height} pixels; at least ${minSide} on each side are needed to learn from.`,
      );
    return opaque(pixels);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${name} is not a picture that this browser can read. PNG, JPEG and WebP work everywhere.`);
  }
}

/** Colours on black where the picture is transparent, without the opacity, which is the last channel of the file. */
function opaque({ data, shape, metadata }) {
  const [channels, height, width] = shape;
  if (!metadata.alpha) return { data, shape };
  const plane = height * width;
  const colours = data.slice(0, (channels - 1) * plane);
  for (let i = 0; i < colours.length; i++) colours[i] *= data[(channels - 1) * plane + (i % plane)];
  return { data: colours, shape: [channels - 1, height, width] };
}

/** Averages blocks of pixels so that at most `maxPixels` remain. */
export function downscale({ data, shape: [channels, height, width] }) {
  const factor = Math.ceil(Math.sqrt((height * width) / maxPixels));
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

/** A mask, 1 where a pixel is present and 0 where all its channels are black or transparent; and the share present. */
export function maskOf({ data, shape: [channels, height, width] }) {
  const mask = new Float32Array(height * width);
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < mask.length; i++) if (data[c * mask.length + i] > 0) mask[i] = 1;
  return { mask, present: mask.reduce((sum, value) => sum + value, 0) / mask.length };
}

/** Paints pixels on a canvas. */
export function paint(canvas, { data, shape: [channels, height, width] }) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  const plane = width * height;
  for (let i = 0; i < plane; i++) {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = 255 * data[(channels === 1 ? 0 : c) * plane + i] + 0.5;
    image.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** Copies a rectangle of pixels into an image. */
export function insert(image, part, top, left) {
  const [channels, rows, columns] = part.shape;
  const [, height, width] = image.shape;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < rows; i++) {
      const from = (c * rows + i) * columns;
      image.data.set(part.data.subarray(from, from + columns), (c * height + top + i) * width + left);
    }
  }
}
