import { AdjointError, FormatError } from "../runtime/index.js";
import { openArrayImage } from "./array-image.js";
import { openCoded } from "./coded.js";
import { type DetectedFormat, detectFormat, detectionLength } from "./detect.js";
import { damaged } from "./image-faults.js";
import { openPng } from "./png.js";
import type { ImageFile, OpenOptions } from "./raster.js";
import { type ByteSource, readHead } from "./source.js";
import { openTiff } from "./tiff/index.js";

/**
 * Opens an image file by its content; its name and extension do not count.
 *
 * @throws FormatError `image_invalid` where the bytes are no known format, or damaged; `image_unsupported` where the
 * format is known, but not read as an image; `image_too_large`.
 */
export async function openImageFile(source: ByteSource, options: OpenOptions): Promise<ImageFile> {
  const format = await imageFormat(source);
  return await guarded(format.name, async () => {
    const file = await open(source, format, options);
    return {
      ...file,
      size: async (page) => await guarded(format.name, async () => await file.size(page)),
      read: async (page) => await guarded(format.name, async () => await file.read(page)),
    };
  });
}

/** The format of an image by its first bytes; errors as {@link openImageFile}. */
export async function imageFormat(source: ByteSource): Promise<DetectedFormat> {
  const format = detectFormat(await readHead(source, detectionLength));
  if (!format) {
    const what = source.size === 0 ? "the file is empty" : "its first bytes are those of no known format";
    throw new FormatError(
      `not an image (${what}); expected TIFF, PNG, JPEG, WebP, AVIF, GIF or an array.`,
      "image_invalid",
    );
  }
  if (format.kind !== "image" && format.kind !== "array")
    throw new FormatError(`this is a ${format.name} file, expected an image; ${advice(format)}.`, "image_unsupported");
  return format;
}

async function open(source: ByteSource, format: DetectedFormat, options: OpenOptions): Promise<ImageFile> {
  if (format.kind === "array") return await openArrayImage(source, format, options);
  const isTiff = format.id === "tiff";
  const bytes = isTiff && options.colour === "file" ? new Uint8Array(0) : await source.read(0, source.size);
  const file = isTiff ? await openTiff(source, options) : format.id === "png" ? openPng(bytes, options) : undefined;
  if (!file) return await openCoded(bytes, format, options);
  const size = options.colour === "srgb" ? await file.size(0) : undefined;
  return size ? await openCoded(bytes, format, options, { width: size[0], height: size[1], whole: true }) : file;
}

function advice({ kind, advice: stated }: DetectedFormat): string {
  return stated ?? (kind === "weights" ? "read it with io.readWeights" : "convert it to TIFF or PNG first");
}

/** Whatever a reader stumbles over in bytes that were not checked is a damaged file. */
async function guarded<T>(format: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AdjointError || isOfSystem(error)) throw error;
    throw damaged(format, `reading it failed (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** Errors of the file system have a code. */
function isOfSystem(error: unknown): boolean {
  return typeof (error as { code?: unknown } | null)?.code === "string" && "syscall" in (error as object);
}
