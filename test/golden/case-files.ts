import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseCase, parseValues, type GoldenCase, type Values } from "./format.js";

/** A case and where it lies. */
export interface CaseFile {
  readonly golden: GoldenCase;
  readonly path: string;
}

/** The cases of a directory, sorted by name; subdirectories are not looked into. */
export function listCases(folder: string): CaseFile[] {
  if (!existsSync(folder)) throw new Error(`the directory of golden cases does not exist: ${folder}`);
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => ({ golden: parseCase(readFileSync(join(folder, file), "utf8"), file), path: join(folder, file) }));
}

/** The tensors of a case. */
export function readValues({ path }: CaseFile): Map<string, Values> {
  const file = path.replace(/\.json$/, ".safetensors");
  return parseValues(readFileSync(file), file);
}
