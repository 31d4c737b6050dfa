import { FormatError } from "../runtime/index.js";

/** A file whose content contradicts its format. */
export function invalid(format: string, text: string): FormatError {
  return new FormatError(`${format}: ${text}.`, "file_invalid");
}

/** A valid file of a kind that this library does not read. */
export function unsupported(format: string, text: string): FormatError {
  return new FormatError(`${format}: ${text}.`, "file_unsupported");
}

/** A file that asks for more memory than allowed. */
export function tooLarge(format: string, bytes: number, limit: number): FormatError {
  const mebibytes = (count: number): string => `${Math.ceil(count / 2 ** 20)} MiB`;
  return new FormatError(
    `${format}: the values need ${mebibytes(bytes)}, expected at most ${mebibytes(limit)}; ` +
      "read a part of them with slice, or raise maxBytes.",
    "file_too_large",
  );
}

/** The first line of an error's message, without a full stop. */
export function reason(error: unknown): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  return line.replace(/\.$/, "");
}
