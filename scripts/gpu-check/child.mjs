// A child process that answers lines with JSON, each within a time limit: a device may crash it or hang.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** Why a child gave no answer: it crashed, or took too long. The child is gone then. */
export class NoAnswer extends Error {}

/**
 * Starts a program. `about` is its first line; `ask(line, seconds)` resolves to the answer to a line, and rejects with
 * {@link NoAnswer}.
 */
export async function startChild(command, args, { env = {}, seconds }) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
  let errors = "";
  child.stderr.on("data", (chunk) => (errors = (errors + chunk).slice(-2000)));
  // A child that has ended takes no more lines.
  child.stdin.on("error", () => {});
  const ended = new Promise((done) => {
    child.on("error", (error) => done(error.message));
    child.on("close", (code, signal) => done(`ended with ${signal ?? `code ${code}`}: ${lastLine(errors)}`));
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (limit) => {
    let timer;
    const late = new Promise((done) => (timer = setTimeout(done, limit * 1000, "late")));
    const line = await Promise.race([lines.next(), late]);
    clearTimeout(timer);
    if (line === "late") {
      child.kill("SIGKILL");
      throw new NoAnswer(`no answer within ${Math.round(limit)} s`);
    }
    if (line.done) throw new NoAnswer(await ended);
    return JSON.parse(line.value);
  };
  const about = await next(seconds);
  return {
    about,
    async ask(line, limit) {
      child.stdin.write(`${line}\n`);
      return await next(limit);
    },
    async stop() {
      child.stdin.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** The last line that says something. */
function lastLine(text) {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("error: XDG_RUNTIME_DIR"));
  return (lines.at(-1) ?? "it wrote no error").trim().slice(0, 300);
}
