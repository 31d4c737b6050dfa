// The TypeScript compiler as a library, for scripts that read the project's types.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { API } from "typescript/unstable/sync";
import { Failure, root } from "./common.mjs";

/**
 * What a script prints as JSON in a process of its own: the compiler's server writes a line on standard error when it
 * is closed.
 */
export function printedBy(url) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [fileURLToPath(url)], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Failure(stderr.trim());
  return JSON.parse(stdout);
}

/** The result of `read` for the project of tsconfig.json. */
export function withProject(read) {
  const api = new API({ cwd: root });
  try {
    return read(api.updateSnapshot({ openProjects: [join(root, "tsconfig.json")] }).getProjects()[0]);
  } finally {
    api.close();
  }
}
