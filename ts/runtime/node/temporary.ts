import { readFileSync, rmSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { lifeOf, ownMark } from "./process-mark.js";

/** A temporary file whose process cannot be asked for is removed once it is older. */
const DAY = 24 * 3600 * 1000;

let count = 0;

/**
 * A new name for a temporary file. It holds the mark of this process, so that a later one can tell whether somebody
 * still writes it, and its length does not depend on the file that it will become.
 */
export function temporaryName(): string {
  const { host, boot, space, pid, start, thread } = ownMark;
  count += 1;
  return `.adjoint-${host}-${boot}-${space}-${pid}-${start}-${thread}-${count}.tmp`;
}

const NAME = /^\.adjoint-([0-9a-f]*)-([0-9a-f]*)-(\d*)-(\d+)-(\d+)-(\d+)-\d+\.tmp$/;

/** Whether the process of a temporary file runs; `undefined` for other files. */
function lifeOfName(name: string): ReturnType<typeof lifeOf> | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  const [host = "", boot = "", space = ""] = match.slice(1);
  const [pid, start, thread] = match.slice(4).map(Number) as [number, number, number];
  return lifeOf({ host, boot, space, pid, start, thread });
}

const cleaned = new Set<string>();

/**
 * Removes the temporary files of processes that have ended, once a folder.
 *
 * @param now the time by the clock of the folder's file system, in milliseconds since 1970.
 */
export async function removeAbandoned(folder: string, now: number): Promise<void> {
  if (cleaned.has(folder)) return;
  cleaned.add(folder);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const life = lifeOfName(name);
    if (life === undefined || life === "running") continue;
    const path = join(folder, name);
    if (life === "unknown" && now - ((await stat(path).catch(() => undefined))?.mtimeMs ?? now) < DAY) continue;
    await rm(path, { force: true }).catch(() => undefined);
  }
}

/** Files to be removed should the process end now, by `process.exit` or an error; a killed process leaves them. */
const transient = new Map<string, string | undefined>();

process.on("exit", () => {
  for (const [path, text] of transient) {
    try {
      if (text === undefined || readFileSync(path, "utf8") === text) rmSync(path, { force: true });
    } catch {
      // The next start tries again.
    }
  }
});

/** Has a file removed, if it has this text, should the process end before {@link removed}. */
export function removeAtExit(path: string, text?: string): void {
  transient.set(path, text);
}

/** Says that a file exists no longer, or is to stay. */
export function removed(path: string): void {
  transient.delete(path);
}
