import type { Raster, SampleArray } from "../raster.js";
import type { TiffDirectory, TiffFile } from "./directory.js";
import type { Layout } from "./layout.js";

/**
 * The colours of a palette image. ImageJ and OME use the palette for display only: their indices are the measured
 * values and stay as they are.
 */
export async function applyPalette(
  file: TiffFile,
  directory: TiffDirectory,
  layout: Layout,
  values: SampleArray,
): Promise<Pick<Raster, "values" | "channels" | "colour" | "alpha" | "sample" | "bits">> {
  const { sample, bits, samples } = layout;
  const description = (await directory.text(270)) ?? "";
  const map = await directory.numbers(320);
  if (!map || samples !== 1 || /^ImageJ=|<OME/.test(description))
    return { values, channels: samples, colour: samples === 1 ? "grey" : "other", alpha: false, sample, bits };
  const entries = 2 ** bits;
  if (map.length < 3 * entries) throw file.fault(`its palette has ${map.length} of ${3 * entries} values`);
  // Colours of 8 bits are stored as v * 256 or v * 257.
  const is8Bit = map.every((value) => (value & 255) === 0 || (value & 255) === value >> 8);
  const result = is8Bit ? new Uint8Array(3 * values.length) : new Uint16Array(3 * values.length);
  for (let i = 0; i < values.length; i++) {
    for (let c = 0; c < 3; c++) {
      const colour = map[c * entries + (values[i] as number)] as number;
      result[3 * i + c] = is8Bit ? colour >> 8 : colour;
    }
  }
  const type = is8Bit ? ({ sample: "uint8", bits: 8 } as const) : ({ sample: "uint16", bits: 16 } as const);
  return { values: result, channels: 3, colour: "rgb", alpha: false, ...type };
}
