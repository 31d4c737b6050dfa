// What was measured so far, in a file: a second call goes on where the first ended.
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { replaceFile, root } from "../common.mjs";

/** What the results are of: those of another build are dropped. */
export function buildOf() {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const sizes = ["adjoint.node", "adjoint-gpu.node"].map((file) => {
    const path = join(root, "dist", "native", file);
    return existsSync(path) ? `${file} ${statSync(path).size}` : `no ${file}`;
  });
  return [version, ...sizes].join(", ");
}

/** The results in a folder: `tests[device][name]`, what is wrong or null; `times[side][row]`. */
export class State {
  #file;

  constructor(folder, { fresh = false } = {}) {
    this.#file = join(folder, "gpu-check.json");
    const build = buildOf();
    const kept = fresh || !existsSync(this.#file) ? undefined : JSON.parse(readFileSync(this.#file, "utf8"));
    this.results = kept?.build === build ? kept : { build, devices: [], tests: {}, times: {} };
  }

  save() {
    replaceFile(this.#file, `${JSON.stringify(this.results, null, 1)}\n`);
  }
}
