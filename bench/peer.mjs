// A peer is a process. It answers a line with a case and a number of steps with their seconds, and the line "check"
// with JSON.
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";

/** A Python interpreter that can import torch, or undefined. */
export function findPython() {
  const candidates = [process.env.ADJOINT_PYTHON, "python3", "python"].filter(Boolean);
  return candidates.find((python) => spawnSync(python, ["-c", "import torch"], { stdio: "ignore" }).status === 0);
}

/**
 * Starts a peer. Returns its first line as JSON, which names its cases and kinds of networks, and functions that query
 * it; `time(name, steps)` resolves to seconds. `pid` is the number of the process.
 */
export async function startPeer(command, args, env = {}) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${[command, ...args].join(" ")} ended early.`);
    return JSON.parse(value);
  };
  const ask = async (line) => {
    child.stdin.write(`${line}\n`);
    return await next();
  };
  const about = await next();
  return {
    about,
    pid: child.pid,
    time: (name, steps) => ask(`${name} ${steps}`),
    check: () => ask("check"),
    stop: async () => void child.stdin.end(),
  };
}
