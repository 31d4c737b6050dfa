import { basename, dirname, extname, join, resolve } from "node:path";
import { ArgumentError } from "../runtime/index.js";
import { UsageError } from "./errors.js";
import { exists, isFile, isFolder, namesIn } from "./folder.js";
import { patternOf } from "./pattern.js";
import { refuseReplacing } from "./replacing.js";

const WRITABLE = [".png", ".tif", ".tiff", ".npy"];

/** An input and the file of its result. */
export interface Pair {
  readonly input: string;
  readonly output: string;
}

/**
 * The files that are meant: files, the files of a folder, and where no shell has done it those that match a pattern
 * such as `in/*.tif`, in order.
 *
 * @throws ArgumentError `file_not_found` where nothing matches; UsageError where a folder has no files.
 */
export function inputFiles(named: readonly string[]): string[] {
  return named.flatMap((name) => {
    if (exists(name)) return isFolder(name) && !name.endsWith(".zarr") ? filesIn(name, /^[^.]/) : [name];
    const pattern = basename(name);
    const found = /[*?]/.test(pattern) && exists(dirname(name)) ? filesIn(dirname(name), patternOf(pattern)) : [];
    if (found.length > 0) return found;
    throw new ArgumentError(`${name}: no such file or folder.`, "file_not_found");
  });
}

function filesIn(folder: string, names: RegExp): string[] {
  const found = namesIn(folder)
    .filter((name) => names.test(name))
    .map((name) => join(folder, name))
    .filter(isFile);
  if (found.length > 0 || names.source !== "^[^.]") return found;
  throw new UsageError(`${folder}: the folder has no files.`, "file_not_found");
}

/**
 * The file of each result: `output` itself for one input, or a file of the input's name in the folder `output`, with
 * the input's ending where that is written, else `ending`.
 *
 * @throws UsageError `invalid_argument` where a result would replace its input or another result, or its format is not
 * written.
 */
export function pairs(inputs: readonly string[], output: string, ending: string): Pair[] {
  const toFolder = /[/\\]$/.test(output) || inputs.length > 1 || isFolder(output);
  const namesFile = exists(output) ? !isFolder(output) : WRITABLE.includes(extname(output).toLowerCase());
  if (toFolder && namesFile) {
    throw new UsageError(
      `--output is ${output}, the name of a file, but there are ${inputs.length} images; expected a folder.`,
      "invalid_argument",
    );
  }
  const made = inputs.map((input) => ({ input, output: toFolder ? join(output, nameOf(input, ending)) : output }));
  const taken = new Map<string, string>();
  for (const pair of made) {
    if (!WRITABLE.includes(extname(pair.output).toLowerCase())) {
      const expected = "a name that ends in .png, .tif, .tiff or .npy, or a folder";
      throw new UsageError(`--output is ${output}, expected ${expected}.`, "invalid_argument");
    }
    const key = resolve(pair.output);
    refuseReplacing("--output", pair.output, inputs);
    const before = taken.get(key);
    if (before !== undefined) {
      throw new UsageError(
        `${before} and ${pair.input} would both be written to ${pair.output}; apply to them one after the other.`,
        "invalid_argument",
      );
    }
    taken.set(key, pair.input);
  }
  return made;
}

function nameOf(input: string, ending: string): string {
  const name = basename(input).replace(/\.(?:nii\.gz|[^.]+)$/i, "");
  const own = extname(input).toLowerCase();
  return WRITABLE.includes(own) ? basename(input) : `${name}${ending}`;
}
