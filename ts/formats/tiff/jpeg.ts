import { jpegFrame } from "../header-size.js";
import { unsupported } from "../image-faults.js";
import { ycbcrToRgb } from "../ycbcr.js";
import { type Layout, photometric } from "./layout.js";

/**
 * Decodes a strip or tile compressed by JPEG (TIFF Technical Note 2), with the decoder of geotiff: the same in Node and
 * in browsers. YCbCr becomes RGB (ITU-R BT.601, full range).
 *
 * @param tables the tables that all blocks share (tag 347).
 */
export async function decodeJpegBlock(
  bytes: Uint8Array,
  tables: Uint8Array | undefined,
  layout: Layout,
  columns: number,
  rows: number,
  stride: number,
): Promise<Uint8Array> {
  const frame = jpegFrame(bytes);
  if (!frame) throw new Error("its JPEG data have no frame");
  if (layout.bits !== 8 || frame.bits !== 8)
    throw unsupported("TIFF", `has JPEG data of ${frame.bits} bits`, "write it with another compression");
  if (!frame.isUsual)
    throw unsupported("TIFF", "has lossless or arithmetic JPEG data", "write it with another compression");
  // A last strip may have been padded to whole blocks of the cosine transform.
  const isTooHigh = frame.height > layout.blockHeight + 16;
  if (frame.width !== columns || frame.height < rows || isTooHigh || frame.channels !== stride)
    throw new Error(`a block is a JPEG of ${frame.width}x${frame.height}x${frame.channels}`);
  const { getDecoder } = await import("geotiff");
  const decoder = await getDecoder(7, {
    tileWidth: columns,
    tileHeight: rows,
    predictor: 1,
    bitsPerSample: 8,
    planarConfiguration: 1,
    ...(tables ? { JPEGTables: tables } : {}),
  });
  const decoded = new Uint8Array(await decoder.decode(bytes.slice().buffer));
  const length = columns * rows * stride;
  if (decoded.length < length) throw new Error("a JPEG block has too few pixels");
  const block = decoded.slice(0, length);
  if (layout.photometric === photometric.ycbcr && stride === 3) ycbcrToRgb(block);
  return block;
}
