// Kills a training at random moments, until it has been killed often enough; then lets it end.
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { randomNumbers } from "../fuzz/random.mjs";

const program = fileURLToPath(new URL("training.mjs", import.meta.url));

/** Runs the training; with `kill`, kills it some milliseconds after some of its steps. Resolves to how it ended. */
async function runOnce(folder, steps, kill) {
  const child = spawn(process.execPath, [program, folder, String(steps)], { stdio: ["ignore", "pipe", "pipe"] });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
    if (kill && stdout.split("step ").length > kill.steps) setTimeout(() => child.kill("SIGKILL"), kill.delay);
  });
  child.stderr.on("data", (chunk) => (stderr += chunk));
  const [code, signal] = await new Promise((resolve) => child.on("close", (...ended) => resolve(ended)));
  return { code, signal, stdout, stderr, resumedAt: Number(/resumed at (\d+)/.exec(stdout)?.[1]) };
}

/** What a folder of a training ends with: everything that the seed determines. */
function results(folder) {
  const text = (name) => readFileSync(join(folder, name), "utf8");
  const untimed = (name) =>
    text(name)
      .split("\n")
      .map((line) => line.replace(/,?"(?:imagesPerSecond|secondsLeft|time)":[^,}]*/g, ""));
  return {
    best: readFileSync(join(folder, "best.safetensors")).toString("base64"),
    last: readFileSync(join(folder, "last.safetensors")).toString("base64"),
    history: untimed("history.jsonl"),
    log: untimed("log.jsonl").filter((line) => !line.includes('"settings"')),
  };
}

/**
 * Trains once without interruption and once killed `kills` times, in two folders.
 *
 * @returns the results of both, the steps at which runs resumed, and the files that are left.
 */
export async function killTraining({ folder, kills, seed, steps = 100, onKill = () => {} }) {
  const random = randomNumbers(seed);
  const [whole, killed] = ["whole", "killed"].map((name) => join(folder, name));
  for (const made of [whole, killed]) {
    rmSync(made, { recursive: true, force: true });
    mkdirSync(made, { recursive: true });
  }
  const expectEnd = (ended) => {
    if (ended.code !== 0) throw new Error(`the training ended with ${ended.code ?? ended.signal}:\n${ended.stderr}`);
  };
  expectEnd(await runOnce(whole, steps));
  const resumedAt = [];
  let done = 0;
  while (done < kills) {
    const ended = await runOnce(killed, steps, { steps: Math.floor(5 * random()), delay: 20 * random() });
    resumedAt.push(ended.resumedAt);
    if (ended.signal === "SIGKILL") onKill((done += 1), ended.resumedAt);
    else expectEnd(ended);
    // It came to its end: from the beginning again.
    if (ended.signal !== "SIGKILL") rmSync(killed, { recursive: true });
  }
  expectEnd(await runOnce(killed, steps));
  return { whole: results(whole), killed: results(killed), resumedAt, files: readdirSync(killed).sort() };
}
