import { FormatError } from "../runtime/index.js";

// The name of the file is put before these messages by whoever opened it.

/** The error of a file whose bytes contradict its format, or that ends too early. */
export function damaged(format: string, what: string): FormatError {
  return new FormatError(
    `this ${format} file is damaged: ${what}; take another copy of it, or write it again.`,
    "image_invalid",
  );
}

/** The error of a file that is sound, but uses what this library does not read. */
export function unsupported(format: string, what: string, advice: string): FormatError {
  return new FormatError(`this ${format} file ${what}, which is not read here; ${advice}.`, "image_unsupported");
}

/**
 * Refuses an image of more pixels than a limit, before memory is taken for it.
 *
 * @param values samples of all channels and pages that are to be read; at most four times the limit.
 * @throws FormatError `image_too_large`.
 */
export function checkPixels(pixels: number, values: number, maxPixels: number): void {
  if (pixels <= maxPixels && values <= 4 * maxPixels) return;
  const what = pixels > maxPixels ? `${pixels} pixels` : `${values} values`;
  throw new FormatError(
    `the image claims ${what}, expected at most ${pixels > maxPixels ? maxPixels : 4 * maxPixels}; where it ` +
      "can be trusted, raise the limit with the option maxPixels.",
    "image_too_large",
  );
}
