import { resolve } from "node:path";
import { UsageError } from "./errors.js";
import { isSameFile } from "./folder.js";

/**
 * Refuses to write a result in the place of what the command reads.
 *
 * @param option what names the result, such as `--output`.
 * @throws UsageError `invalid_argument`.
 */
export function refuseReplacing(option: string, output: string, inputs: readonly (string | undefined)[]): void {
  const replaced = inputs.find(
    (input) => input !== undefined && (resolve(input) === resolve(output) || isSameFile(input, output)),
  );
  if (replaced === undefined) return;
  const text = `${option} ${output} would replace ${replaced}, which is read; take another name or folder.`;
  throw new UsageError(text, "invalid_argument");
}
