import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { writeFile } from "./files.js";

/**
 * The folder of downloads: `adjoint` in the system's folder of caches (`XDG_CACHE_HOME`, by default `~/.cache`;
 * `~/Library/Caches` on macOS; `%LOCALAPPDATA%` on Windows), or `ADJOINT_CACHE`.
 */
function cacheFolder(): string {
  const { ADJOINT_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (ADJOINT_CACHE) return ADJOINT_CACHE;
  if (XDG_CACHE_HOME) return join(XDG_CACHE_HOME, "adjoint");
  if (process.platform === "win32") return join(LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "adjoint");
  return join(homedir(), ...(process.platform === "darwin" ? ["Library", "Caches"] : [".cache"]), "adjoint");
}

/** A name that no other address has, and in which a person recognises the file. */
function fileOf(address: string): string {
  const digest = createHash("sha256").update(address).digest("hex").slice(0, 32);
  const name = basename(new URL(address).pathname)
    .replace(/[^\w.-]/g, "_")
    .slice(-80);
  return join(cacheFolder(), `${digest}-${name}`);
}

/** See `Platform.keptDownload`. */
export async function keptDownload(address: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(fileOf(address));
  } catch {
    return undefined;
  }
}

/** See `Platform.keepDownload`. */
export async function keepDownload(address: string, content: Uint8Array): Promise<void> {
  await writeFile(fileOf(address), content);
}
