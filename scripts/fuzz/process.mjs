// Runs calls in child processes with limits on time and memory.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { PATIENCE } from "./limits.mjs";

/** Kibibytes of address space of a child; Node itself takes about a tenth. */
const ADDRESS_SPACE = 8 << 20;
/** Bytes of memory of a child whose address space is not limited. */
const RESIDENT = 3 * 2 ** 30;
/** Bytes of a page of memory, on nearly all machines. */
const PAGE = 4096;
/** Milliseconds after which a call is ended although the machine has given it less time than that: it may wait. */
const START = 120_000;

const childProgram = fileURLToPath(new URL("./child.mjs", import.meta.url));

/** Node with a memory limit, where the system has one. */
function limited(args, cwd, { platform, groups }) {
  const node = [process.execPath, "--max-old-space-size=1024", ...args];
  const stdio = ["ignore", "pipe", "ignore"];
  // Modules of WebAssembly, which some readers of files use, and GPUs reserve far more addresses than memory.
  const isFree = process.platform === "win32" || platform !== "native" || groups.includes("files");
  if (isFree) return spawn(node[0], node.slice(1), { cwd, stdio });
  return spawn("sh", ["-c", `ulimit -v ${ADDRESS_SPACE}; exec "$0" "$@"`, ...node], { cwd, stdio });
}

/** A number that Linux tells of a process. */
function told(pid, file, read, otherwise) {
  try {
    return read(readFileSync(`/proc/${pid}/${file}`, "utf8"));
  } catch {
    return otherwise;
  }
}

/** Milliseconds that a process has computed; those since 1970 where the system does not say. */
const cpuTime = (pid) =>
  told(
    pid,
    "stat",
    (text) => {
      const fields = text.split(") ")[1].split(" ");
      // User and system time in hundredths of a second (proc_pid_stat(5), fields 14 and 15).
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    Date.now(),
  );

/** Bytes of memory that a process has; 0 where the system does not say. */
const memoryOf = (pid) => told(pid, "statm", (text) => Number(text.split(" ")[1]) * PAGE, 0);

/**
 * Runs the calls of `settings` in one child.
 *
 * @returns how many calls there were, what the child said at its end, and the number of the call that ended it, or
 * undefined where it got to the end.
 */
export async function runInProcess(settings, found, until) {
  const { from } = settings;
  const folder = mkdtempSync(join(tmpdir(), "adjoint-fuzz-"));
  const work = join(folder, "work");
  mkdirSync(work);
  const stateFile = join(folder, "state");
  const settingsFile = join(folder, "settings.json");
  writeFileSync(settingsFile, JSON.stringify({ ...settings, until, stateFile }));
  const child = limited([childProgram, settingsFile], work, settings);
  let done;
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    if (!line.startsWith("{")) return;
    const record = JSON.parse(line);
    if (record.done !== undefined) done = record;
    else found(record);
  });
  const doing = () => {
    const text = existsSync(stateFile) ? readFileSync(stateFile, "utf8").trim() : "";
    const [index = "", ...source] = text.split(" ");
    return index === ""
      ? { index: from, source: "(before the first call)" }
      : { index: Number(index), source: source.join(" ") };
  };
  let [seen, since, used, killed] = [-1, Date.now(), 0, undefined];
  const watch = setInterval(() => {
    const { index } = doing();
    if (index !== seen) [seen, since, used] = [index, Date.now(), cpuTime(child.pid)];
    // The child ends by itself when the time is over, unless a call keeps it.
    if (Date.now() > until + PATIENCE) killed = "time";
    else if (cpuTime(child.pid) - used > PATIENCE) killed = `did not return within ${PATIENCE / 1000} s of computing`;
    else if (Date.now() - since > START) killed = `did not return within ${START / 1000} s`;
    else if (memoryOf(child.pid) > RESIDENT) killed = `took more than ${RESIDENT / 2 ** 30} GiB`;
    if (killed !== undefined) child.kill("SIGKILL");
  }, 250);
  const [code, signal] = await new Promise((resolve) => child.on("close", (...ended) => resolve(ended)));
  clearInterval(watch);
  const { index, source } = doing();
  rmSync(folder, { recursive: true, force: true });
  if (done !== undefined) return { calls: done.done, ...done };
  const calls = Math.ceil((index - from) / settings.share);
  if (killed === "time") return { calls };
  found({ index, source, reason: killed ?? `the process ended (${signal ?? `code ${code}`})` });
  return { calls: calls + 1, stopped: index };
}
