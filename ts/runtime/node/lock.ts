import { type FileHandle, open, readFile, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import type { HeldLock, LockHolder } from "../platform.js";
import { makeFolder } from "./files.js";
import { isOwnProcess, lifeOf, ownMark, type ProcessMark } from "./process-mark.js";
import { removeAbandoned, removeAtExit, removed, temporaryName } from "./temporary.js";

/** Milliseconds between two signs of life of a lock. */
const SIGN = 30_000;
/** A lock whose process cannot be asked for is taken over without a sign of life for so long. */
const SILENCE = 600_000;
/** Milliseconds after which others are not waited for that take a lock over. */
const PATIENCE = 5000;

/** What a lock file holds, as JSON. */
interface Content {
  readonly mark: ProcessMark;
  readonly hostname: string;
  readonly since: string;
}

/**
 * Makes a lock file, which only one process can have: it is there from here until it is released, or the process ends.
 * The lock of a process that has ended is taken over. A process on another machine or in another container cannot be
 * asked for; its lock counts while the file was written to in the last ten minutes by the clock of the file system.
 *
 * @returns the lock, or who has it.
 */
export async function acquireLock(path: string): Promise<HeldLock | LockHolder> {
  const folder = dirname(path);
  await makeFolder(folder);
  const content: Content = { mark: ownMark, hostname: hostname(), since: new Date().toISOString() };
  const text = `${JSON.stringify(content)}\n`;
  const deadline = performance.now() + PATIENCE;
  for (;;) {
    const file = await create(path);
    if (file) return await hold(path, file, text);
    const found = await inspect(path, folder);
    if (!found) continue;
    if (found.holds || performance.now() > deadline) return found.holder;
    const taken = await takeOver(path, found.text, text);
    if (taken) return await hold(path, taken, text);
  }
}

/** Makes a file that is not there; `undefined` where it is. */
async function create(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw error;
  }
}

async function hold(path: string, file: FileHandle, text: string): Promise<HeldLock> {
  removeAtExit(path, text);
  try {
    await file.write(text, 0);
    await removeAbandoned(dirname(path), (await file.stat()).mtimeMs);
  } catch (error) {
    await file.close();
    await rm(path, { force: true });
    removed(path);
    throw error;
  }
  const timer = setInterval(() => void file.write(text, 0).catch(() => undefined), SIGN);
  timer.unref();
  return {
    async release() {
      clearInterval(timer);
      await file.close();
      removed(path);
      // Somebody who removed the file by hand may have made another one.
      if ((await readFile(path, "utf8").catch(() => "")) === text) await rm(path, { force: true });
    },
  };
}

/**
 * Puts a lock in the place of one that has this text, which ends none that somebody else has put there meanwhile: who
 * replaces one holds a second file, and the first one is there at any time.
 *
 * @returns `undefined` where somebody else was first.
 */
async function takeOver(path: string, before: string, text: string): Promise<FileHandle | undefined> {
  const claim = `${path}.claim`;
  const claimed = await create(claim);
  if (!claimed) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const age = (await now(dirname(path))) - ((await stat(claim).catch(() => undefined))?.mtimeMs ?? Infinity);
    // It is held for some milliseconds: its process was killed.
    if (age > PATIENCE) await rm(claim, { force: true });
    return undefined;
  }
  removeAtExit(claim);
  try {
    if ((await readFile(path, "utf8").catch(() => undefined)) !== before) return undefined;
    const temporary = join(dirname(path), temporaryName());
    const file = await open(temporary, "wx");
    await file.write(text, 0);
    await rename(temporary, path);
    return file;
  } finally {
    await claimed.close();
    await rm(claim, { force: true });
    removed(claim);
  }
}

interface Found {
  readonly text: string;
  /** Whether the holder still has it, as far as is known. */
  readonly holds: boolean;
  readonly holder: LockHolder;
}

async function inspect(path: string, folder: string): Promise<Found | undefined> {
  try {
    const text = await readFile(path, "utf8");
    const content = parse(text);
    const life = content ? lifeOf(content.mark) : "unknown";
    const holder = {
      pid: content?.mark.pid,
      own: content !== undefined && isOwnProcess(content.mark),
      hostname: content?.hostname,
      since: content?.since,
    };
    if (life !== "unknown") return { text, holds: life === "running", holder };
    const silence = (await now(folder)) - (await stat(path)).mtimeMs;
    return { text, holds: silence < SILENCE, holder };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** The content of a lock; `undefined` where it is none, such as one whose process was killed while it wrote it. */
function parse(text: string): Content | undefined {
  try {
    const { mark, hostname: name, since } = JSON.parse(text) as Content;
    const texts = [mark.host, mark.boot, mark.space, name, since];
    const numbers = [mark.pid, mark.start, mark.thread];
    if (!texts.every((value) => typeof value === "string") || !numbers.every(Number.isSafeInteger)) return undefined;
    return { mark, hostname: name, since };
  } catch {
    return undefined;
  }
}

/** The time by the clock of the folder's file system: this machine's may be another one, and may have been set. */
async function now(folder: string): Promise<number> {
  const probe = join(folder, temporaryName());
  const file = await open(probe, "wx");
  try {
    return (await file.stat()).mtimeMs;
  } finally {
    await file.close();
    await rm(probe, { force: true });
  }
}
