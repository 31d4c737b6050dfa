import { crc32c } from "../formats/index.js";
import {
  ArgumentError,
  currentPlatform,
  type LockHolder,
  checkList,
  LARGEST,
  checkFunction,
} from "../runtime/index.js";
import { checkPath, writeError } from "./files.js";

/**
 * Runs `work` while no other program that asks for the same locks does.
 *
 * A lock is a file, which ends with `work`, or with the process. That of a process which has ended is taken over; of a
 * process on another machine or in another container, without a sign of life for ten minutes. Node only.
 *
 * @param caller who complains.
 * @param paths files beside which the locks are, `.name.lock`; `folder/` stands for a folder, whose lock is in it.
 * @throws ArgumentError `file_locked` where another program, or another call in this one, has one of the locks;
 * `file_unwritable`; `node_only` in a browser. Errors of `work`.
 */
export async function withLocks<T>(caller: string, paths: readonly string[], work: () => Promise<T>): Promise<T> {
  for (const path of checkList("withLocks", "paths", paths, LARGEST.batch)) checkPath("withLocks", path);
  checkFunction("withLocks", "work", work);
  const releases: (() => Promise<void>)[] = [];
  try {
    for (const path of new Set(paths)) releases.push(await lock(caller, path));
    return await work();
  } finally {
    for (const release of releases.reverse()) await release().catch(() => undefined);
  }
}

async function lock(caller: string, path: string): Promise<() => Promise<void>> {
  const file = lockOf(path);
  const platform = await currentPlatform();
  const lockOrHolder = await platform.acquireLock(file).catch((error: unknown) => {
    throw writeError(path, error);
  });
  if ("release" in lockOrHolder) return lockOrHolder.release;
  throw new ArgumentError(
    `${caller}: ${path} is in use by ${describe(lockOrHolder)}; choose another place, or wait until that has ended. ` +
      `If it has ended or may be disregarded, remove ${file}.`,
    "file_locked",
  );
}

/** Names of files have at most 255 bytes; what is added to them needs some. */
const LONGEST = 200;

function lockOf(path: string): string {
  const [, folder = "", name = ""] = /^(.*[\\/])?([^\\/]*)$/s.exec(path) ?? [];
  if (name === "") return `${folder}.adjoint.lock`;
  const bytes = new TextEncoder().encode(name);
  return `${folder}.${bytes.length > LONGEST ? crc32c(bytes).toString(16) : name}.lock`;
}

function describe({ pid, own, hostname, since }: LockHolder): string {
  if (pid === undefined) return "another process";
  const machine = hostname === undefined ? "" : ` on ${hostname}`;
  const time = since === undefined ? "" : ` since ${readable(since)}`;
  return `${own ? "this process, number" : "process"} ${pid}${machine}${time}`;
}

/** `2026-01-31 12:00:00 UTC` */
function readable(since: string): string {
  return since.replace("T", " ").replace(/\.\d+Z$/, " UTC");
}
