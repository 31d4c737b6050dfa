import { FORMAT } from "./dicom-header.js";
import { unsupported } from "./fail.js";
import { ycbcrToRgb } from "./ycbcr.js";

/** Colours that become RGB, as pydicom gives them (DICOM PS3.3, C.7.6.3.1.2). */
export type DicomColours = "YBR_FULL" | "YBR_FULL_422";

/**
 * The colours of pixels that are not RGB; `undefined` where they are, or are no colours.
 *
 * @throws FormatError `file_unsupported` for a depth other than 8 bits.
 */
export function coloursOf(photometric: string, samples: number, bits: number | undefined): DicomColours | undefined {
  if (samples !== 3 || (photometric !== "YBR_FULL" && photometric !== "YBR_FULL_422")) return undefined;
  if (bits !== 8) throw unsupported(FORMAT, `${photometric} colours of ${bits ?? "unknown"} bits; expected 8`);
  return photometric;
}

/** Bytes of the pixels of 3 samples: of 4:2:2, two pixels share their Cb and Cr and take four bytes. */
export function colourBytes(colours: DicomColours | undefined, bytes: number): number {
  return colours === "YBR_FULL_422" ? (bytes / 3) * 2 : bytes;
}

/** Interleaved RGB of interleaved colours, in memory of its own. */
export function toRgb(pixels: Uint8Array, colours: DicomColours): Uint8Array {
  const values = colours === "YBR_FULL" ? new Uint8Array(pixels) : expanded(pixels);
  ycbcrToRgb(values);
  return values;
}

/** `Y1 Y2 Cb Cr` to `Y1 Cb Cr Y2 Cb Cr`. */
function expanded(pixels: Uint8Array): Uint8Array {
  const values = new Uint8Array((pixels.length / 4) * 6);
  for (let from = 0, to = 0; from + 4 <= pixels.length; from += 4, to += 6) {
    const [first, second, b, r] = pixels.subarray(from, from + 4) as unknown as [number, number, number, number];
    values.set([first, b, r, second, b, r], to);
  }
  return values;
}
