// What was measured so far, in a file: a second call goes on where the first ended.
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../common.mjs";

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
    mkdirSync(folder, { recursive: true });
    this.#file = join(folder, "gpu-check.json");
    const build = buildOf();
    const kept = fresh || !existsSync(this.#file) ? undefined : JSON.parse(readFileSync(this.#file, "utf8"));
    this.results = kept?.build === build ? kept : { build, devices: [], tests: {}, times: {} };
  }

  save() {
    writeFileSync(`${this.#file}.new`, `${JSON.stringify(this.results, null, 1)}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}
