// Training on one and two ranks of one thread each, and the messages between them.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root, say } from "../scripts/common.mjs";
import { digits, markdown, milliseconds } from "./report.mjs";

/** Batches of one image in a step, which the ranks share; and the steps that are timed. */
const BATCHES = 8;
export const STEPS = 5;

/** Those of the gradients of the network. */
const WEIGHTS_BYTES = 4 * (2 * 9 * 64 + 15 * 9 * 64 * 64 + 16 * 64 + 1);

const program = fileURLToPath(new URL("group-program.mjs", import.meta.url));

/** What the first of n ranks tells. */
function ranks(n, mode, ...more) {
  const args = ["--allow-run-as-root", "--oversubscribe", "-n", String(n), process.execPath, program, mode, ...more];
  const env = { ...process.env, RAYON_NUM_THREADS: "1" };
  const { status, stdout, stderr } = spawnSync("mpirun", args, { encoding: "utf8", env });
  if (status !== 0) throw new Error(`mpirun -n ${n} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

/**
 * The fastest step of one and of two ranks in each round, which alternate, and of one rank with half of the batches;
 * and the fastest message and all-reduce of two.
 */
export function runGroup({ rounds }) {
  const title = "Several ranks (docs/clusters.md)";
  const missing = !existsSync(join(root, "dist", "native", "adjoint-mpi.node"))
    ? "npm run build:mpi was not run"
    : spawnSync("mpirun", ["--version"]).status !== 0
      ? "mpirun is not installed"
      : undefined;
  if (missing) return { title, rows: [], messages: [], skipped: [missing] };
  say(title);
  const rows = [];
  for (let round = 0; round < Math.min(rounds, 5); round++) {
    const runs = { one: [1, BATCHES], half: [1, BATCHES / 2], two: [2, BATCHES] };
    const names = round % 2 === 0 ? Object.keys(runs) : Object.keys(runs).reverse();
    const row = { load: loadavg()[0] };
    for (const name of names) {
      const [n, batches] = runs[name];
      row[name] = Math.min(...ranks(n, "training", String(batches)).seconds);
    }
    rows.push(row);
    say(`one rank ${milliseconds(row.one)}, two ${milliseconds(row.two)}; load ${row.load.toFixed(1)}`);
  }
  return { title, rows, messages: ranks(2, "messages"), load: loadavg()[0], skipped: [] };
}

/**
 * The tables of {@link runGroup}. The model of step-model.mjs says that two ranks take as long as one with half of the
 * batches, and an all-reduce.
 */
export function groupTables({ rows, messages, load }) {
  if (rows.length === 0) return [];
  const rate = (bytes, seconds) => `${(bytes / seconds / 1e9).toFixed(2)} GB/s`;
  const step = `training step, DnCNN 17 x 64, ${BATCHES} batches of one image of 1x64x64`;
  const model = ({ half }) => half + allReduceTime(messages, WEIGHTS_BYTES);
  return [
    markdown(
      [
        step,
        "one rank",
        "two ranks",
        "times the images",
        "one rank, half of the batches",
        "two ranks by the model",
        "load",
      ],
      rows.map((row, i) => [
        `round ${i + 1}`,
        milliseconds(row.one),
        milliseconds(row.two),
        digits(row.one / row.two),
        milliseconds(row.half),
        milliseconds(model(row)),
        row.load.toFixed(1),
      ]),
    ),
    markdown(
      [`bytes (load ${load.toFixed(1)})`, "message", "all-reduce", "message", "all-reduce"],
      messages.map(({ bytes, message, allReduce }) => [
        bytes,
        milliseconds(message),
        milliseconds(allReduce),
        rate(bytes, message),
        rate(bytes, allReduce),
      ]),
    ),
  ];
}

/** The time of an all-reduce, between the measured ones of the next smaller and larger buffers. */
function allReduceTime(messages, bytes) {
  const next = Math.max(
    1,
    messages.findIndex((row) => row.bytes >= bytes),
  );
  const [low, high] = [messages[next - 1], messages[next]];
  const share = (bytes - low.bytes) / (high.bytes - low.bytes);
  return low.allReduce + share * (high.allReduce - low.allReduce);
}
