import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { threadId } from "node:worker_threads";

/** What tells a thread of a process from all others, also after the number of the process was given to another one. */
export interface ProcessMark {
  /** The machine. */
  readonly host: string;
  /** The start of the machine; empty where the system does not tell. */
  readonly boot: string;
  /** The space in which `pid` counts: containers have their own; empty where the system does not tell. */
  readonly space: string;
  readonly pid: number;
  /** When the process began, in hundredths of a second since the machine did; no clock that can be set. */
  readonly start: number;
  readonly thread: number;
}

/** What is known of another process: on another machine, or in another container, nothing. */
export type Life = "running" | "ended" | "unknown";

const linux = process.platform === "linux";

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1").trim();
  } catch {
    return "";
  }
}

/** Eight hexadecimal digits of a text; none of the empty one. */
function digest(text: string): string {
  return text === "" ? "" : createHash("sha256").update(text).digest("hex").slice(0, 8);
}

function ownSpace(): string {
  try {
    return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "";
  } catch {
    return "";
  }
}

/** The start of a process by /proc (man 5 proc, field 22 of stat); `undefined` where there is none of that number. */
function startTicks(pid: number): number | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  // The second field is the name in parentheses, which may have spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  // A zombie has ended: only its parent has not asked for its exit code.
  if (text === "" || fields[0] === "Z" || fields[0] === "X") return undefined;
  const start = Number(fields[19]);
  return Number.isSafeInteger(start) ? start : undefined;
}

function ownStart(): number {
  const ticks = linux ? startTicks(process.pid) : undefined;
  if (ticks !== undefined) return ticks;
  return Math.round(100 * (Number(process.hrtime.bigint()) / 1e9 - process.uptime()));
}

/** The mark of this thread. */
export const ownMark: ProcessMark = {
  host: digest(`${hostname()} ${textOf("/etc/machine-id")}`),
  boot: digest(textOf("/proc/sys/kernel/random/boot_id")),
  space: ownSpace(),
  pid: process.pid,
  start: ownStart(),
  thread: threadId,
};

/** Whether a mark is one of this process, of any of its threads. */
export function isOwnProcess(mark: ProcessMark): boolean {
  const { host, boot, space, pid, start } = ownMark;
  if (mark.host !== host || mark.boot !== boot || mark.space !== space || mark.pid !== pid) return false;
  // Where the start is a difference of two clocks, it is not exact.
  return Math.abs(mark.start - start) <= (linux ? 0 : 100);
}

/** Whether the thread of a mark still runs. */
export function lifeOf(mark: ProcessMark): Life {
  if (mark.host !== ownMark.host) return "unknown";
  if (mark.boot !== ownMark.boot) return "ended";
  if (mark.space !== ownMark.space) return "unknown";
  // Of another thread nobody tells whether it was terminated.
  if (isOwnProcess(mark)) return mark.thread === ownMark.thread ? "running" : "unknown";
  if (mark.pid === ownMark.pid) return "ended";
  if (linux && mark.space !== "") return startTicks(mark.pid) === mark.start ? "running" : "ended";
  try {
    process.kill(mark.pid, 0);
    return "running";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH" ? "ended" : "running";
  }
}
