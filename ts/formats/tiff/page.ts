import { AdjointError } from "../../runtime/index.js";
import { checkPixels } from "../image-faults.js";
import type { OpenOptions, Raster, SampleArray } from "../raster.js";
import type { ByteSource } from "../source.js";
import { applyPalette } from "./palette.js";
import { decompress, largestRatio } from "./decompress.js";
import type { TiffDirectory, TiffFile } from "./directory.js";
import { decodeJpegBlock } from "./jpeg.js";
import { compressions, type Layout, photometric, readLayout } from "./layout.js";
import { reverseBits } from "./predictor.js";
import { readSamples, rowBytes, samplesFor } from "./samples.js";

/** The tag of GDAL with the text of a number for pixels without a value. */
const gdalNoData = 42113;

/** Where the strips or tiles of a page are. */
interface Blocks {
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
}

/**
 * Reads the samples of one page.
 *
 * @param shift bytes after the page's own data, for stacks that have one directory for all pages.
 */
export async function readPage(
  file: TiffFile,
  source: ByteSource,
  directory: TiffDirectory,
  options: OpenOptions,
  shift = 0,
): Promise<Raster> {
  const { maxPixels } = options;
  const layout = await readLayout(file, directory);
  const { width, height, samples, planar, blockWidth, blockHeight, tiled } = layout;
  checkPixels(width * height, width * height * samples, maxPixels);
  // A tile may be larger than the image.
  checkPixels(blockWidth * blockHeight, blockWidth * blockHeight * samples, Math.max(maxPixels, 1 << 20));
  const [across, down] = [Math.ceil(width / blockWidth), Math.ceil(height / blockHeight)];
  const [planes, stride] = planar ? [samples, 1] : [1, samples];
  const blocks = await findBlocks(file, directory, layout, across * down * planes, shift);
  checkBlocks(file, layout, blocks);
  const tables = await directory.bytes(347);
  const values = samplesFor(layout, width * height * samples);
  const missing = await missingValue(directory);
  for (let k = 0; k < across * down * planes; k++) {
    const plane = Math.floor(k / (across * down));
    const [top, left] = [(Math.floor(k / across) % down) * blockHeight, (k % across) * blockWidth];
    const rows = tiled ? blockHeight : Math.min(blockHeight, height - top);
    const place = { top, left, rows, plane, stride };
    const size = blocks.sizes[k] as number;
    // A block without bytes is one that the writer left out.
    if (size === 0) {
      if (missing !== 0) copyBlock(values, emptyBlock(layout, rows, stride, missing), layout, place);
      continue;
    }
    const offset = blocks.offsets[k] as number;
    const stored = await source.read(offset, offset + size);
    const rowLength = rowBytes(layout, blockWidth, stride);
    const length = rows * rowLength;
    let block: SampleArray;
    try {
      block =
        layout.compression === compressions.jpeg
          ? await decodeJpegBlock(stored, tables, layout, blockWidth, rows, stride)
          : readSamples(
              // Some writers fill the last strip up to the height of the others.
              await decompress(packed(stored, layout), layout.compression, length, (blockHeight + 1) * rowLength),
              layout,
              rows,
              blockWidth,
              stride,
              file.littleEndian,
            );
    } catch (error) {
      throw error instanceof AdjointError ? error : file.fault((error as Error).message);
    }
    copyBlock(values, block, layout, place);
  }
  const common = { width, height, sample: layout.sample, bits: layout.bits, orientation: layout.orientation };
  if (layout.photometric === photometric.palette)
    return { ...common, ...(await applyPalette(file, directory, layout, values)), whiteIsZero: false };
  const isRgb = layout.photometric === photometric.rgb || layout.photometric === photometric.ycbcr;
  const colours = isRgb ? 3 : layout.photometric === photometric.cmyk ? 4 : 1;
  const isPicture = samples === colours || (samples === colours + 1 && layout.alpha);
  return {
    ...common,
    values,
    channels: samples,
    colour: !isPicture ? "other" : isRgb ? "rgb" : colours === 4 ? "cmyk" : "grey",
    alpha: isPicture && layout.alpha,
    whiteIsZero: layout.photometric === photometric.whiteIsZero && layout.sample.startsWith("uint"),
  };
}

/** The bytes of a block, the highest bit of each first (tag 266): those that are stored, before anything is undone. */
function packed(stored: Uint8Array, { reversedBits }: Layout): Uint8Array {
  if (!reversedBits) return stored;
  const bytes = new Uint8Array(stored);
  reverseBits(bytes);
  return bytes;
}

/** The value of pixels that are not stored: that of GDAL's tag, else 0. */
async function missingValue(directory: TiffDirectory): Promise<number> {
  const text = (await directory.text(gdalNoData))?.trim() ?? "";
  return text === "" || (Number.isNaN(Number(text)) && !/^nan$/i.test(text)) ? 0 : Number(text);
}

function emptyBlock(layout: Layout, rows: number, stride: number, value: number): SampleArray {
  return samplesFor(layout, rows * layout.blockWidth * stride).fill(value);
}

async function findBlocks(
  file: TiffFile,
  directory: TiffDirectory,
  layout: Layout,
  count: number,
  shift: number,
): Promise<Blocks> {
  const [offsetTag, sizeTag] = layout.tiled ? [324, 325] : [273, 279];
  const offsets = await directory.numbers(directory.has(offsetTag) ? offsetTag : layout.tiled ? 273 : 324);
  if (!offsets || offsets.length < count)
    throw file.fault(`it has ${offsets?.length ?? 0} of ${count} ${layout.tiled ? "tiles" : "strips"}`);
  let sizes = await directory.numbers(directory.has(sizeTag) ? sizeTag : layout.tiled ? 279 : 325);
  if (!sizes && layout.compression === compressions.none && count === 1)
    sizes = [layout.height * rowBytes(layout, layout.blockWidth, layout.planar ? 1 : layout.samples)];
  if (!sizes || sizes.length < count) throw file.fault("the sizes of its strips or tiles are missing");
  return { offsets: offsets.slice(0, count).map((offset) => offset + shift), sizes: sizes.slice(0, count) };
}

/** Checks that the blocks are within the file, and can hold the pixels, before memory is taken for these. */
function checkBlocks(file: TiffFile, layout: Layout, { offsets, sizes }: Blocks): void {
  const ratio = largestRatio[layout.compression];
  const { width, height, blockWidth, blockHeight, planar, samples, tiled } = layout;
  const row = rowBytes(layout, blockWidth, planar ? 1 : samples);
  const [across, down] = [Math.ceil(width / blockWidth), Math.ceil(height / blockHeight)];
  for (const [k, size] of sizes.entries()) {
    const offset = offsets[k] as number;
    if (size === 0) continue;
    if (!(offset >= 0 && size > 0 && offset + size <= file.size))
      throw file.fault(`it ends after ${file.size} bytes, and block ${k} is at ${offset} to ${offset + size}`);
    const top = (Math.floor(k / across) % down) * blockHeight;
    const rows = tiled ? blockHeight : Math.min(blockHeight, height - top);
    if (ratio !== undefined && size * ratio < rows * row) throw file.fault(`block ${k} is too short for its pixels`);
  }
}

interface Place {
  readonly top: number;
  readonly left: number;
  readonly rows: number;
  readonly plane: number;
  readonly stride: number;
}

/** Copies a block to its place in the image. */
function copyBlock(values: SampleArray, block: SampleArray, layout: Layout, place: Place): void {
  const { width, height, samples, blockWidth } = layout;
  const { top, left, plane, stride } = place;
  const rows = Math.min(place.rows, height - top);
  const columns = Math.min(blockWidth, width - left);
  if (stride === samples) {
    for (let i = 0; i < rows; i++) {
      const from = i * blockWidth * samples;
      values.set(block.subarray(from, from + columns * samples), ((top + i) * width + left) * samples);
    }
    return;
  }
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++)
      values[((top + i) * width + left + j) * samples + plane] = block[i * blockWidth + j] as number;
  }
}
