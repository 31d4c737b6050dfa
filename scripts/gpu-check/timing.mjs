// Times the rows of one side (a device of ours, or PyTorch) in child processes.
import { join } from "node:path";
import { findPython } from "../../bench/peer.mjs";
import { spread } from "../../bench/statistics.mjs";
import { root } from "../common.mjs";
import { NoAnswer, startChild } from "./child.mjs";
import { watchMemory } from "./memory.mjs";

/** Seconds until a side has started, of its first step, and of all steps of a row after it. */
const [START_SECONDS, FIRST_SECONDS, ROW_SECONDS] = [90, 90, 12];
const ROUNDS = 7;
/** Least seconds of a round. */
const ROUND_SECONDS = 0.1;

/** Our library on a device; each row has a process of its own, so that memory is that of the row. */
export const ours = (key, settings, { small = false, heavy = true } = {}) => ({
  key,
  small,
  heavy,
  counts: settings.device !== "cpu",
  alone: true,
  start: async () =>
    await startChild(process.execPath, [join(root, "bench", "worker.mjs"), "adjoint", JSON.stringify({ settings })], {
      seconds: START_SECONDS,
    }),
});

/** PyTorch on the card. */
export const torch = (key, tf32) => ({
  key,
  small: false,
  heavy: true,
  alone: false,
  async start() {
    const python = findPython();
    if (!python) throw new NoAnswer("no Python with torch was found (ADJOINT_PYTHON names one)");
    const env = { ADJOINT_TORCH_DEVICE: "cuda", ADJOINT_TORCH_TF32: tf32 ? "1" : "0" };
    return await startChild(python, [join(root, "bench", "peers", "torch_cases.py")], { env, seconds: START_SECONDS });
  },
});

/** Milliseconds per step after a warm-up, which ends once a step takes no less than the one before. */
async function measure(child, name) {
  const started = Date.now();
  const left = () => ROW_SECONDS - (Date.now() - started) / 1000;
  const first = await child.ask(`${name} 1`, FIRST_SECONDS);
  let last = first;
  for (let i = 0; i < 10 && left() > 0; i++) {
    const now = await child.ask(`${name} 1`, FIRST_SECONDS);
    const settled = i > 0 && now > 0.8 * last;
    last = now;
    if (settled) break;
  }
  const steps = Math.max(1, Math.min(200, Math.ceil(ROUND_SECONDS / last)));
  const times = [];
  while (times.length < ROUNDS && (times.length === 0 || left() > 0))
    times.push((1000 * (await child.ask(`${name} ${steps}`, FIRST_SECONDS))) / steps);
  return { ...spread(times), rounds: times.length, first: 1000 * first };
}

/** Times the rows that `results` lacks, until `deadline`: times, or `{ failed }` with the reason. */
export async function timeSide(side, rows, { results, deadline, save }) {
  let child;
  const drop = async () => {
    await child?.stop();
    child = undefined;
  };
  for (const row of rows) {
    if (results[row.name] || (row.heavy && !side.heavy)) continue;
    if (Date.now() > deadline) break;
    const memory = watchMemory();
    try {
      child ??= await side.start();
      const name = side.small ? row.small : row.name;
      const times = await measure(child, name);
      const kernels = side.counts ? await child.ask(`kernels ${name}`, FIRST_SECONDS) : {};
      results[row.name] = { ...times, small: side.small, label: child.about.label, memory: memory.peak(), kernels };
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      results[row.name] = { failed: error.message };
      child = undefined;
    } finally {
      memory.stop();
      save();
    }
    if (side.alone) await drop();
  }
  await drop();
}
