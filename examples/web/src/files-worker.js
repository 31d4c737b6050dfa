// The worker that reads files and writes the download, so that the page stays responsive with large ones.
import { AdjointError, init, io, tensor } from "adjoint";
import { downscale, framesOf, joinPlanes, splitAlpha } from "./frames.js";
import { arrayIndex, nameOf, outputOf } from "./output.js";

/** Limit on the pixels of a page; what is beyond it is not read. */
const maxPixels = 120_000_000;
const minSide = 16;

/** The open file: `{ file, name, info, frames, alpha, output }`. */
let open;

class Refused extends Error {}

/** Reads the pages of one frame: its colours or channels, and its opacity. */
async function readFrame(frame) {
  const pages = open.frames.pagesOf(frame);
  const planes = [];
  for (const page of pages) planes.push(await io.decodePixels(open.file, { page, maxPixels }));
  const whole = planes.length === 1 ? planes[0] : joinPlanes(planes);
  return splitAlpha(whole, planes[0].metadata.alpha === true && planes.length === 1);
}

const handlers = {
  async open({ file, name }) {
    const first = await io.decodePixels(file, { maxPixels });
    const { sample, scale, pages, metadata } = first;
    const [channels, height, width] = first.shape;
    if (Math.min(height, width) < minSide)
      throw new Refused(
        `${name} has ${width} x ${height} pixels; at least ${minSide} on each side are needed to learn from.`,
      );
    const isColour = metadata.colour === "rgb" || metadata.colour === "grey";
    const colours = channels - (metadata.alpha ? 1 : 0);
    if (metadata.colour === "cmyk")
      throw new Refused(`${name} has the colours of a printer (CMYK): save it with RGB colours first.`);
    const info = { sample, scale, pages, metadata };
    const frames = framesOf(info, channels);
    const count = frames.channels > 1 ? frames.channels : isColour && colours !== 2 ? 1 : colours;
    const names =
      count > 1 ? Array.from({ length: count }, (_, c) => metadata.channelNames?.[c] || `Channel ${c + 1}`) : undefined;
    open = { file, name, info, frames, output: outputOf(info, name) };
    const { colours: pixels, opacity } = frames.channels > 1 ? await readFrame(0) : splitAlpha(first, metadata.alpha);
    return {
      pixels,
      opacity,
      sample,
      scale,
      names,
      frames: frames.count,
      output: open.output,
      format: metadata.format,
    };
  },

  async frame({ frame }) {
    const { colours: pixels, opacity } = await readFrame(frame);
    return { pixels, opacity };
  },

  /**
   * The bytes of the download: `results` are `[frame, pixels]` without opacity, as values of the file divided by its
   * scale; one frame alone is a file of one page.
   */
  async write({ results, smaller }) {
    const isWhole = results.length === open.frames.count && !smaller;
    const name = nameOf(open.name, open.output.ending);
    const encoded =
      open.output.type === "array" ? await writeArray(results, isWhole) : await writeImage(results, smaller, isWhole);
    return {
      name,
      type: { png: "image/png", tiff: "image/tiff" }[open.output.type] ?? "application/octet-stream",
      ...encoded,
    };
  },
};

async function writeImage(results, smaller, isWhole) {
  await init();
  const { type, sample, scale } = open.output;
  const { metadata } = open.info;
  const pages = [];
  for (const [frame, pixels] of results) {
    let { opacity } = metadata.alpha ? await readFrame(frame) : {};
    if (opacity && smaller) opacity = downscale(opacity, smaller);
    // A TIFF where small values are bright stays one; a PNG has none of these.
    const { shape } = pixels;
    const data = metadata.whiteIsZero && type === "tiff" ? pixels.data.map((value) => 1 - value) : pixels.data;
    const whole = opacity ? joinPlanes([{ data, shape }, opacity]) : { data, shape };
    // The channels of a microscope are pages of the file.
    if (open.frames.channels > 1) {
      const plane = shape[1] * shape[2];
      for (let c = 0; c < shape[0]; c++)
        pages.push({ data: data.subarray(c * plane, (c + 1) * plane), shape: [1, shape[1], shape[2]] });
    } else pages.push(whole);
  }
  const [{ shape }] = pages;
  const all = new Float32Array(pages.length * pages[0].data.length);
  // Pages in the order of the file.
  const order = isWhole && open.frames.channels > 1 ? pageOrder() : pages.map((_, k) => k);
  for (const [k, page] of pages.entries()) all.set(page.data, order[k] * page.data.length);
  const image = tensor(all, { shape: [pages.length, ...shape] });
  const kept = isWhole ? metadata : { ...metadata, ...onePage(pages.length) };
  const options = { sample, scale, metadata: kept };
  const bytes = type === "png" ? await io.encodePng(image, options) : await io.encodeTiff(image, options);
  image.dispose();
  return { bytes };
}

/** Axes of a file that has only some of the pages. */
const onePage = (pages) => (pages > 1 ? { axes: "CYX", sizes: { C: pages } } : { axes: "YX", sizes: {} });

/** The page of the file for each channel of each frame. */
function pageOrder() {
  return Array.from({ length: open.frames.count }, (_, frame) => open.frames.pagesOf(frame)).flat();
}

async function writeArray(results, isWhole) {
  const array = await io.readArray(open.file);
  const [[, { shape }]] = results;
  const [channels, height, width] = shape;
  const isNifti = String(array.metadata.format ?? "").startsWith("NIfTI");
  const alpha = open.info.metadata.alpha ? 1 : 0;
  const { scale } = open.info;
  const isFloat = array.data.constructor.name.startsWith("Float");
  const page = (k) => (isWhole ? k : 0);
  const sides = isNifti ? [width, height] : [height, width, ...(channels > 1 ? [channels + alpha] : [])];
  const target = isWhole
    ? { ...array, data: array.data.slice() }
    : { ...array, shape: sides, data: new array.data.constructor(sides.reduce((a, b) => a * b, 1)) };
  const from = arrayIndex(array.shape, isNifti, channels + (channels > 1 ? alpha : 0));
  const to = arrayIndex(target.shape, isNifti, channels + (channels > 1 ? alpha : 0));
  const [low, high] = rangeOf(array.data);
  for (const [frame, { data }] of results) {
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        for (let c = 0; c < channels; c++) {
          const value = data[(c * height + i) * width + j] * scale;
          target.data[to(page(frame), c, i, j)] = isFloat ? value : Math.min(high, Math.max(low, Math.round(value)));
        }
        if (alpha && channels > 1)
          target.data[to(page(frame), channels, i, j)] = array.data[from(frame, channels, i, j)];
      }
    }
  }
  const { bytes } = await io.encodeArray(`clean${open.output.ending}`, target);
  return { bytes };
}

/** Smallest and largest value of an array of integers. */
function rangeOf({ constructor, BYTES_PER_ELEMENT }) {
  const bits = 8 * BYTES_PER_ELEMENT;
  return constructor.name.startsWith("Uint") ? [0, 2 ** bits - 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

/** What a visitor is told: the library's words, without names of functions. */
function textOf(error, name = "The file") {
  if (error instanceof Refused) return error.message;
  if (!(error instanceof AdjointError)) return `${name} cannot be read: ${error.message}.`.replace(/\.+$/, ".");
  const text = error.message
    .replace(/^[\w.]+: /, "")
    .replace(`${name}: `, "")
    .replace(/[;:,] (?:read it|or read a part of it|read them|where it can be trusted)[^.;]*io\.\w+[^.;]*/, "")
    .replace(/ with io\.\w+/, "");
  return `${name} cannot be opened: ${text}`;
}

self.onmessage = async ({ data: { id, kind, ...message } }) => {
  try {
    const answer = await handlers[kind](message);
    postMessage({ id, answer });
  } catch (error) {
    postMessage({ id, error: textOf(error, message.name ?? open?.name) });
  }
};
