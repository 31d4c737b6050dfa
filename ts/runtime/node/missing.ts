import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Whether this is a clone of the repository, where what is missing can be built, or an installed package. */
const isClone = (): boolean => existsSync(fileURLToPath(new URL("../../../crates/node/Cargo.toml", import.meta.url)));

/**
 * What to do where a file of the package is missing or of no use: `script` builds it in a clone; an installed package
 * cannot build, and was made for another platform or is damaged.
 */
export function remedy(script: string, clone: boolean = isClone()): string {
  if (clone) return `run ${script} (needs Rust)`;
  return (
    `the installed package adjoint has none for ${process.platform} ${process.arch}: install a package that was ` +
    `built on such a machine, or build one in a clone of the repository with ${script} and npm pack`
  );
}
