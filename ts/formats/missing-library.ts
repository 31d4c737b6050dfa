import { ArgumentError } from "../runtime/index.js";

/** The error of an optional library that is not installed, with the command that installs it. */
export function missingLibrary(name: string, version: string, format: string, cause: unknown): ArgumentError {
  return new ArgumentError(
    `${format}: reading it needs the library ${name}, which is not installed; run npm install ${name}@${version}.`,
    "missing_library",
    { cause },
  );
}
