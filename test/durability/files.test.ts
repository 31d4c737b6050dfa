import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { serializeSafetensors, withLocks, writeFileAtomic } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";
import { ownMark } from "../../ts/runtime/node/process-mark.js";
import { temporaryName } from "../../ts/runtime/node/temporary.js";
import { tensor } from "../../ts/tensor/index.js";
import { JsonLogger, loadState, TensorBoardLogger } from "../../ts/train/index.js";
import { gainTrainer } from "../train/gain.js";
import { program, start } from "./child.js";

let base: string;
let count = 0;
beforeAll(async () => {
  await init();
  base = await mkdtemp(join(tmpdir(), "adjoint-durable-"));
});
afterAll(async () => await rm(base, { recursive: true }));
afterEach(() => vi.useRealTimers());

function newFolder(): string {
  const folder = join(base, `${(count += 1)}`);
  mkdirSync(folder);
  return folder;
}

/** The name of a temporary file of another process. */
function nameOf(change: Partial<typeof ownMark>): string {
  const { host, boot, space, pid, start: begin, thread } = { ...ownMark, ...change };
  return `.adjoint-${host}-${boot}-${space}-${pid}-${begin}-${thread}-1.tmp`;
}

/** The number of a process that has ended. */
const ended = spawnSync(process.execPath, ["-e", ""]).pid;
const day = 24 * 3600;

describe("temporary files", () => {
  it.each<[string, Partial<typeof ownMark>, number, boolean]>([
    ["of a process that has ended", { pid: ended }, 0, false],
    ["of a process whose number another one has now", { start: ownMark.start + 1000 }, 0, false],
    ["from before the machine was started", { boot: "0123abcd" }, 0, false],
    ["of this thread", {}, 2 * day, true],
    ["of another thread", { thread: 7 }, 0, true],
    ["of another machine", { host: "0123abcd" }, 0, true],
    ["of another machine, older than a day", { host: "0123abcd" }, 2 * day, false],
    ["of another container", { space: "1" }, 0, true],
  ])("%s: kept %s", async (_, change, age, kept) => {
    const folder = newFolder();
    const path = join(folder, nameOf(change));
    writeFileSync(path, "unfinished");
    const then = statSync(path).mtimeMs / 1000 - age;
    utimesSync(path, then, then);
    await writeFileAtomic(join(folder, "file"), "content");
    expect(existsSync(path)).toBe(kept);
    expect(await readFile(join(folder, "file"), "utf8")).toBe("content");
  });

  it("files with other names are left alone", async () => {
    const folder = newFolder();
    const names = [".adjoint-x.tmp", "a.tmp", "model.safetensors.12.1.tmp", `${temporaryName()}.bak`];
    for (const name of names) writeFileSync(join(folder, name), "");
    await writeFileAtomic(join(folder, "file"), "content");
    expect(readdirSync(folder).sort()).toEqual([...names, "file"].sort());
  });

  it("a name as long as the system allows is written", async () => {
    const path = join(newFolder(), "n".repeat(255));
    await writeFileAtomic(path, "content");
    expect(await readFile(path, "utf8")).toBe("content");
  });

  it("a link keeps pointing to its file, and a device stays one", async () => {
    const folder = newFolder();
    const [file, link] = [join(folder, "file"), join(folder, "link")];
    await writeFileAtomic(file, "old");
    symlinkSync(file, link);
    await writeFileAtomic(link, "new");
    expect(await readFile(file, "utf8")).toBe("new");
    await writeFileAtomic("/dev/null", "nothing");
    expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
  });
});

describe("locks", () => {
  const lockText = (change: Partial<typeof ownMark>): string =>
    JSON.stringify({ mark: { ...ownMark, ...change }, hostname: "elsewhere", since: "2026-01-31T12:00:00.123Z" });

  it("a second training of the same files is refused, with the first one's process and the way out", async () => {
    const path = join(newFolder(), "checkpoint");
    const second = gainTrainer({ checkpoint: { path } });
    let refused: unknown;
    const first = gainTrainer({
      checkpoint: { path },
      onProgress: async () => {
        refused = await second.trainer.train().catch((error: unknown) => error);
      },
    });
    await first.trainer.train();
    expect(refused).toMatchObject({ name: "ArgumentError", code: "file_locked" });
    const { message } = refused as Error;
    expect(message).toMatch(
      /^Trainer: .*checkpoint is in use by this process, number \d+ on .* since 20.* UTC; choose/,
    );
    expect(message).toContain(`number ${process.pid} on ${hostname()}`);
    expect(message).toContain(`remove ${join(path, "..", ".checkpoint.lock")}.`);
    // Released at the end: the other one can train now.
    expect(readdirSync(join(path, ".."))).toEqual(["checkpoint"]);
    await second.trainer.train();
    expect(second.trainer.step).toBe(1);
  });

  it.each<[string, (folder: string) => JsonLogger | TensorBoardLogger]>([
    ["a log of JSON lines", (folder) => new JsonLogger({ path: join(folder, "log.jsonl") })],
    ["a folder of TensorBoard", (folder) => new TensorBoardLogger({ folder })],
  ])("%s that a training writes: a second training is refused and changes nothing", async (_, logger) => {
    const folder = newFolder();
    const content = (): string[] =>
      readdirSync(folder)
        .filter((name) => !name.endsWith(".lock"))
        .sort();
    const second = gainTrainer({ loggers: [logger(folder)] });
    const first = gainTrainer({
      loggers: [logger(folder)],
      onProgress: async () => {
        const before = content();
        await expect(second.trainer.train()).rejects.toMatchObject({ code: "file_locked" });
        expect(content()).toEqual(before);
      },
    });
    await first.trainer.train();
    expect(second.trainer.step).toBe(0);
    expect(readdirSync(folder)).toEqual(content());
    await second.trainer.train();
    expect(second.trainer.step).toBe(1);
  });

  it("it is released after an error, too", async () => {
    const folder = newFolder();
    const fails = async () =>
      await withLocks("test", [`${folder}/`, join(folder, "a")], async () => {
        expect(readdirSync(folder).sort()).toEqual([".a.lock", ".adjoint.lock"]);
        throw new Error("failed");
      });
    await expect(fails()).rejects.toThrow("failed");
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each<[string, Partial<typeof ownMark>, number, boolean]>([
    ["of a process that has ended", { pid: ended }, 0, true],
    ["of a process whose number another one has now", { start: ownMark.start + 1000 }, 0, true],
    ["from before the machine was started", { boot: "0123abcd" }, 0, true],
    ["of this process", {}, 3600, false],
    ["of its parent", { pid: process.ppid, start: startOf(process.ppid) }, 3600, false],
    ["of another machine", { host: "0123abcd" }, 0, false],
    ["of another machine, with a clock that is ahead", { host: "0123abcd" }, -3600, false],
    ["of another machine, ten minutes without a sign of life", { host: "0123abcd" }, 601, true],
    ["of another container, ten minutes without a sign of life", { space: "1" }, 601, true],
  ])("the lock %s is taken over: %4$s", async (_, change, silence, taken) => {
    const folder = newFolder();
    const lock = join(folder, ".file.lock");
    writeFileSync(lock, lockText(change));
    const then = statSync(lock).mtimeMs / 1000 - silence;
    utimesSync(lock, then, then);
    const work = vi.fn(async () => "done");
    const result = await withLocks("test", [join(folder, "file")], work).catch((error: Error) => error.message);
    expect(work).toHaveBeenCalledTimes(taken ? 1 : 0);
    if (taken) expect([result, readdirSync(folder)]).toEqual(["done", []]);
    else expect(result).toContain("on elsewhere since 2026-01-31 12:00:00 UTC");
  });

  it("one that was not finished, or is none, counts while it is young", async () => {
    const folder = newFolder();
    const lock = join(folder, ".file.lock");
    writeFileSync(lock, "{");
    const locked = async () => await withLocks("test", [join(folder, "file")], async () => "done");
    await expect(locked()).rejects.toThrow("in use by another process");
    utimesSync(lock, 1, 1);
    expect(await locked()).toBe("done");
  });

  it("of many that want it at once, one has it at a time", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, ".file.lock"), lockText({ pid: ended }));
    let [inside, most, done] = [0, 0, 0];
    const one = async (): Promise<void> => {
      try {
        await withLocks("test", [join(folder, "file")], async () => {
          inside += 1;
          most = Math.max(most, inside);
          await new Promise((resolve) => setTimeout(resolve, 2));
          inside -= 1;
          done += 1;
        });
      } catch (error) {
        expect(error).toMatchObject({ code: "file_locked" });
      }
    };
    await Promise.all(Array.from({ length: 20 }, one));
    expect(most).toBe(1);
    expect(done).toBeGreaterThan(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("two processes in one folder: the second is refused; after a kill the folder is free", async () => {
    const folder = newFolder();
    const args = program(`const t = training(${JSON.stringify(folder)}, { onProgress: () => console.log("step") });
      await t.train().catch((error) => { console.log(error.code, error.message); process.exitCode = 3; });`);
    const first = start(args);
    await first.said(/step/);
    const second = await start(args).ended;
    expect([second.code, second.stdout]).toEqual([3, expect.stringContaining("file_locked")]);
    expect(second.stdout).toContain(`process ${first.pid} on ${hostname()} since `);
    first.kill("SIGKILL");
    await first.ended;
    expect(readdirSync(folder)).toContain(".checkpoint.lock");
    const third = start(args);
    await third.said(/step/);
    third.kill("SIGKILL");
    await third.ended;
  });
});

/** When another process began. */
function startOf(pid: number): number {
  if (process.platform !== "linux") return 0;
  const stat = execFileSync("cat", [`/proc/${pid}/stat`], { encoding: "utf8" });
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
}

describe("errors of the disk", () => {
  /** A small file system; undefined where none can be made. */
  function smallDisk(kilobytes: number): { folder: string; remove: () => void } | undefined {
    const folder = newFolder();
    const made = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", folder]);
    if (made.status !== 0) return undefined;
    return { folder, remove: () => void spawnSync("umount", [folder]) };
  }

  it("a full disk: file, content, last good checkpoint, advice; no temporary file", async (context) => {
    const disk = smallDisk(160);
    if (!disk) return context.skip("no small file system can be made here");
    try {
      const { folder } = disk;
      const args = program(`const t = training(${JSON.stringify(folder)}, { nf: 24 });
        await t.train().catch((error) => console.log(error.constructor.name, error.code, error.message));`);
      const { stdout } = await start(args).ended;
      const path = join(folder, "checkpoint");
      expect(stdout).toMatch(/^ArgumentError file_unwritable Trainer: /);
      expect(stdout).toContain(`${path}: the checkpoint cannot be written (ENOSPC): no space is left; free some`);
      const { step } = (await loadState(path)) as { step: number };
      expect(stdout.endsWith(`choose another place. The last good checkpoint is ${path} (step ${step}).\n`)).toBe(true);
      expect(stdout).not.toContain("Trainer: Trainer");
      expect(readdirSync(folder).sort()).toEqual(["checkpoint", "history.jsonl"]);
    } finally {
      disk.remove();
    }
  });

  it("a limit on the size of files", async () => {
    const folder = newFolder();
    const args = program(`const t = training(${JSON.stringify(folder)}, { nf: 40 });
      await t.train().catch((error) => console.log(error.code, error.message));`);
    const { code, stdout } = await start(args, "ulimit -f 16").ended;
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining("checkpoint: the checkpoint cannot be written (EFBIG)"),
    ]);
    expect(stdout).toContain("No checkpoint was written.");
    expect(readdirSync(folder)).not.toContain("checkpoint");
    expect(readdirSync(folder).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("a file system that is read-only is refused before the first step", async (context) => {
    const disk = smallDisk(64);
    if (!disk) return context.skip("no file system can be made here");
    try {
      expect(spawnSync("mount", ["-o", "remount,ro", disk.folder]).status).toBe(0);
      const { trainer } = gainTrainer({ checkpoint: { path: join(disk.folder, "checkpoint") } });
      await expect(trainer.train()).rejects.toMatchObject({
        code: "file_unwritable",
        message: expect.stringMatching(
          /checkpoint: .*cannot be written \(EROFS\): the file system is read-only; choose/,
        ),
      });
      expect(trainer.step).toBe(0);
    } finally {
      disk.remove();
    }
  });

  it.each([
    ["a folder in its place", (folder: string) => folder, "EISDIR"],
    ["a file in the place of its folder", (folder: string) => join(folder, "file", "checkpoint"), "ENOTDIR|EEXIST"],
    ["a name that is too long", (folder: string) => join(folder, "n".repeat(300)), "ENAMETOOLONG"],
  ])("%s", async (_, pathIn, code) => {
    const folder = newFolder();
    writeFileSync(join(folder, "file"), "");
    const error = writeFileAtomic(pathIn(folder), "content", "the checkpoint");
    await expect(error).rejects.toMatchObject({
      name: "ArgumentError",
      code: "file_unwritable",
      message: expect.stringMatching(new RegExp(`: the checkpoint cannot be written \\((?:${code})\\): .*; .*\\.$`)),
    });
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  it("too many open files", async () => {
    const folder = newFolder();
    const path = JSON.stringify(join(folder, "file"));
    const args = program(`const { openSync } = await import("node:fs");
      await lib.io.writeFileAtomic(${path}, "x");
      try { for (;;) openSync("/dev/null"); } catch {}
      for (const call of [() => lib.io.writeFileAtomic(${path}, "y"), () => lib.io.readBytes(${path})])
        await call().catch((error) => console.log(error.code, error.message));`);
    // Node opens the modules of the library at the same time.
    const { stdout } = await start(args, "ulimit -n 1000").ended;
    expect(stdout).toMatch(/file_unwritable .*cannot be written \(EMFILE\): too many files are open; .*ulimit -n/);
    expect(stdout).toMatch(/file_unreadable .*cannot be read \(EMFILE\): too many files are open; .*ulimit -n/);
  });
});

it("a clock that is set back changes nothing", async () => {
  const folder = newFolder();
  vi.useFakeTimers({ toFake: ["Date"], now: new Date("2030-01-01T12:00:00Z") });
  const path = join(folder, "checkpoint");
  const options = () => ({
    checkpoint: { path, every: 1 },
    historyPath: join(folder, "history.jsonl"),
    loggers: [new JsonLogger({ path: join(folder, "log.jsonl") })],
    epochs: 4,
    readEvery: 1,
    onProgress: () => vi.setSystemTime(Date.now() - 3600_000),
  });
  await gainTrainer({ ...options(), maxSteps: 2 }).trainer.train();
  vi.setSystemTime(new Date("2001-01-01T12:00:00Z"));
  const { trainer } = gainTrainer(options());
  await trainer.resume(path);
  await trainer.train();
  expect(trainer.history.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  const steps = (name: string) =>
    execFileSync("cat", [join(folder, name)], { encoding: "utf8" })
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { step: number }).step);
  expect(steps("history.jsonl")).toEqual([1, 2, 3, 4]);
  expect([...new Set(steps("log.jsonl"))]).toEqual([0, 1, 2, 3, 4]);
});

describe("what could not be read back is not written", () => {
  it("a header beyond the format's limit", async () => {
    const metadata = { text: "x".repeat(100_000_001) };
    await expect(serializeSafetensors({ a: tensor([1]) }, metadata)).rejects.toMatchObject({
      code: "invalid_argument",
      message: expect.stringMatching(/the format allows 100000000; write several files\.$/),
    });
  });

  it("an entry with the name of the metadata", async () => {
    await expect(serializeSafetensors({ __metadata__: tensor([1]) })).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });
});
