import { basename, dirname, extname, isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { addressOf } from "../io/index.js";
import { isFile } from "./folder.js";

/** The folder of the package. */
export const packageFolder = fileURLToPath(new URL("../..", import.meta.url));

/** Begins paths of what the package brings, such as `adjoint:examples/images`. */
const OWN = "adjoint:";

/**
 * A path in a configuration: absolute, of the package, or relative to the configuration's folder. Addresses of http and
 * https stay as they are.
 */
export function resolvePath(folder: string, path: string): string {
  if (addressOf(path) !== undefined) return path;
  if (path.startsWith(OWN)) return join(packageFolder, path.slice(OWN.length));
  return isAbsolute(path) ? path : join(folder, path);
}

/** The folder that paths in a configuration are relative to: its own, of a pipe the working folder. */
export function configFolder(configPath: string): string {
  return isFile(configPath) && !/^\/(?:dev|proc)\//.test(configPath) ? dirname(configPath) : ".";
}

/** Folder of a configuration's results. */
export function resultsFolder(configPath: string, out: unknown): string {
  if (typeof out === "string") return resolvePath(configFolder(configPath), out);
  return join("results", basename(configPath, extname(configPath)));
}
