import { basename, dirname, join, resolve } from "node:path";
import { UsageError } from "./errors.js";
import { exists, isFolder, namesIn } from "./folder.js";
import { patternOf } from "./pattern.js";
import { refuseReplacing } from "./replacing.js";

/** A file to denoise, and where the result is written. */
export interface FilePair {
  readonly input: string;
  readonly output: string;
}

/** Endings of files that are taken from a folder. */
const imageEnding = /\.(?:png|jpe?g|tiff?|webp|avif|gif|npy|npz|nii|nii\.gz|fits?|dcm|h5|hdf5)$/i;

/** Endings of files that are written. */
const outputEnding = /\.(?:png|tiff?|npy)$/i;

/**
 * The files of a call: each input is a file, a folder, or a pattern with `*` and `?`; the output is a file for one
 * input, and a folder for several.
 *
 * @throws UsageError where nothing is found, an output cannot be written or is an input, or two have the same name.
 */
export function pairFiles(inputs: readonly string[], output: string): FilePair[] {
  const files = inputs.flatMap(expand);
  const toFolder = /[\\/]$/.test(output) || isFolder(output);
  const isSeveral = files.length > 1 || inputs.some(isFolder);
  if (!toFolder && !(isSeveral && !outputEnding.test(output))) {
    if (isSeveral) {
      const text = `--output is ${output}, but there are ${files.length} images; expected a folder, such as out/.`;
      throw new UsageError(text, "invalid_argument");
    }
    if (!outputEnding.test(output)) {
      const text = `--output is ${output}, expected a name that ends in .png, .tif, .tiff or .npy.`;
      throw new UsageError(text, "invalid_argument");
    }
    refuseReplacing("--output", output, files);
    return [{ input: files[0] as string, output }];
  }
  const pairs = files.map((input) => ({ input, output: join(output, outputName(input)) }));
  const seen = new Map<string, string>();
  for (const { input, output: file } of pairs) {
    const other = seen.get(resolve(file));
    if (other !== undefined) {
      throw new UsageError(
        `${input} and ${other} would both be written as ${file}; denoise them into different folders.`,
        "invalid_argument",
      );
    }
    refuseReplacing("--output", file, files);
    seen.set(resolve(file), input);
  }
  return pairs;
}

/** The name of a result: PNG for what has the samples of one, .npy for an array, else TIFF. */
function outputName(input: string): string {
  const name = basename(input);
  if (outputEnding.test(name)) return name;
  const stem = name.replace(imageEnding, "");
  return `${stem}${/\.(?:jpe?g|webp|avif)$/i.test(name) ? ".png" : ".tif"}`;
}

function expand(input: string): string[] {
  if (isFolder(input)) {
    const names = namesIn(input).filter((name) => imageEnding.test(name));
    if (names.length === 0) throw new UsageError(`${input}: the folder has no image files.`, "invalid_argument");
    return names.map((name) => join(input, name));
  }
  // A shell has expanded patterns, except within quotes and on Windows.
  if (!/[*?]/.test(basename(input)) || exists(input)) return [input];
  const folder = dirname(input);
  const pattern = patternOf(basename(input));
  const names = isFolder(folder) ? namesIn(folder).filter((name) => pattern.test(name)) : [];
  if (names.length === 0) throw new UsageError(`${input}: no file has such a name.`, "invalid_argument");
  return names.map((name) => join(folder, name));
}
