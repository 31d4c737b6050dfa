// Calls the compiled package with what nobody should give it, in child processes with a memory limit, and prints every
// call that ended the process, did not return, or failed with anything but an error of the library, as one line that
// repeats it:
//
//   npm run fuzz -- --minutes 2              random calls, a fresh seed, which is printed
//   npm run fuzz -- --minutes 2 --seed 7     the same calls again
//   npm run fuzz -- --every                  every value in every place of every function
//   npm run fuzz -- --every --share 4        every fourth of these calls
//   npm run fuzz -- --groups tensor,functional
//
// Exit code 1 where there are findings.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isMain, root, say } from "./common.mjs";
import { signaturesFile } from "./fuzz/signatures.mjs";

/** Kibibytes of address space of a child; Node itself takes about a tenth. */
const ADDRESS_SPACE = 8 << 20;
/** Milliseconds after which a call that does not return is ended. */
const PATIENCE = 10_000;
/** Milliseconds after which a call is ended although the machine has given it less time than that: it may wait. */
const START = 120_000;
/** Random calls of one child: what it leaks ends with it. */
const CALLS_PER_CHILD = 20_000;

const childProgram = fileURLToPath(new URL("./fuzz/child.mjs", import.meta.url));

/** Node with a memory limit, where the system has one. */
function limited(args, cwd, platform) {
  const node = [process.execPath, "--max-old-space-size=1024", ...args];
  const stdio = ["ignore", "pipe", "ignore"];
  // Modules of WebAssembly and GPUs reserve far more addresses than memory.
  if (process.platform === "win32" || platform !== "native") return spawn(node[0], node.slice(1), { cwd, stdio });
  return spawn("sh", ["-c", `ulimit -v ${ADDRESS_SPACE}; exec "$0" "$@"`, ...node], { cwd, stdio });
}

/** Milliseconds that a process has computed; those since 1970 where the system does not say. */
function cpuTime(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
    // User and system time in hundredths of a second (proc_pid_stat(5), fields 14 and 15).
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Date.now();
  }
}

/**
 * Runs calls `from` to `to` in one child.
 *
 * @returns the calls, and the number of the call that ended it, or undefined where it got to the end.
 */
async function runChild(settings, found, until) {
  const { from } = settings;
  const folder = mkdtempSync(join(tmpdir(), "adjoint-fuzz-"));
  const work = join(folder, "work");
  mkdirSync(work);
  const stateFile = join(folder, "state");
  const settingsFile = join(folder, "settings.json");
  writeFileSync(settingsFile, JSON.stringify({ ...settings, stateFile }));
  const child = limited([childProgram, settingsFile], work, settings.platform);
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
    return { index: index === "" ? from : Number(index), source: source.join(" ") };
  };
  let [seen, since, used, killed] = [-1, Date.now(), 0, undefined];
  const watch = setInterval(() => {
    const { index } = doing();
    if (index !== seen) [seen, since, used] = [index, Date.now(), cpuTime(child.pid)];
    if (Date.now() > until) killed = "time";
    else if (Date.now() - since > START || cpuTime(child.pid) - used > PATIENCE)
      killed = `did not return within ${PATIENCE / 1000} s`;
    if (killed !== undefined) child.kill("SIGKILL");
  }, 250);
  const [code, signal] = await new Promise((resolve) => child.on("close", (...ended) => resolve(ended)));
  clearInterval(watch);
  const last = doing();
  rmSync(folder, { recursive: true, force: true });
  if (done !== undefined) return { calls: done.done, targets: done.targets, last: done.last };
  const calls = Math.ceil((last.index - from) / settings.share);
  if (killed === "time") return { calls };
  found({ ...last, reason: killed ?? `the process ended (${signal ?? `code ${code}`})` });
  return { calls: calls + 1, stopped: last.index };
}

/** One finding for each function and reason, whatever the arguments. */
function kindOf({ source, reason }) {
  const method = /^\(.*\)\.(\w+)\(/s.exec(source)?.[1];
  const what = method === undefined ? source.split("(")[0] : `${/new ([\w.]+)/.exec(source)?.[1] ?? ""}.${method}`;
  return `${what}|${reason.replace(/[\d.]+/g, "#").slice(0, 80)}`;
}

/** Runs calls until there are no more, or the time is over. */
export async function fuzz({ mode, groups, seed = 0, minutes = Infinity, share = 1, platform = "native", onFinding }) {
  const findings = new Map();
  const found = (record) => {
    const key = kindOf(record);
    if (findings.has(key)) findings.get(key).count += 1;
    else {
      findings.set(key, { ...record, count: 1 });
      onFinding?.(record);
    }
  };
  const signatures = signaturesFile();
  const until = Date.now() + minutes * 60_000;
  const settings = { signatures, platform, mode, groups, seed, share };
  const each = CALLS_PER_CHILD * (mode === "every" ? share : 1);
  let [from, calls, targets] = [0, 0, 0];
  while (Date.now() < until) {
    const to = from + each;
    const ended = await runChild({ ...settings, from, to }, found, until);
    calls += ended.calls;
    targets = ended.targets ?? targets;
    from = ended.stopped === undefined ? to : ended.stopped + 1;
    if (ended.last) break;
  }
  return { findings: [...findings.values()], calls, targets };
}

if (isMain(import.meta.url)) {
  const option = (name, otherwise) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? otherwise : process.argv[at + 1];
  };
  if (!existsSync(join(root, "dist", "index.js"))) {
    console.error("fuzz: the package is not compiled; run npm run build first");
    process.exit(2);
  }
  const mode = process.argv.includes("--every") ? "every" : "random";
  const groups = option("groups", "tensor,functional,library").split(",");
  const platform = option("platform", "native");
  const seed = Number(option("seed", Date.now() % 2 ** 31));
  const minutes = Number(option("minutes", mode === "every" ? Infinity : 2));
  say(
    mode === "every"
      ? `every value in every place of ${groups} on ${platform}`
      : `${minutes} minutes of ${groups} on ${platform}, --seed ${seed}`,
  );
  const started = Date.now();
  const { findings, calls, targets } = await fuzz({
    mode,
    groups,
    platform,
    seed,
    minutes,
    share: Number(option("share", 1)),
    onFinding: ({ source, reason }) => console.log(`${source}\n    ${reason}`),
  });
  const took = Math.round((Date.now() - started) / 1000);
  say(`${calls} calls of ${targets} functions in ${took} s: ${findings.length} findings`);
  process.exitCode = findings.length > 0 ? 1 : 0;
}
