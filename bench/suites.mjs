// The interleaved parts of the benchmark: their cases and sides.
import { say } from "../scripts/common.mjs";
import { labelOf, workOf } from "./network.mjs";
import { measurePeaks, threadsOfAddOn } from "./peak/peak.mjs";
import { brief } from "./report.mjs";
import { roof } from "./roofline.mjs";
import { interleave } from "./rounds.mjs";
import { openSides } from "./sides.mjs";
import { exponent, ratio, spread } from "./statistics.mjs";

const ours = ["wasm", "wasm threads", "wasm burn"];

/**
 * Cases of the WebAssembly module. `only`: the sides that run a case: slow peers take part with small networks only.
 * TensorFlow.js trains on its "cpu" backend only.
 */
const web = [
  { name: "train:17x64:4x64", only: [...ours, "torch"], rounds: 3 },
  { name: "train:7x32:8x48", only: [...ours, "torch"] },
  { name: "infer:17x64:1x128", only: [...ours, "tfjs wasm", "torch"] },
  {
    name: "train:4x32:2x32",
    only: ["wasm", "jax", "torch"],
    rounds: 3,
    note: "4 of 17 layers, 32 of 64 features: jax-js needs minutes for all",
  },
  {
    name: "train:4x16:1x24",
    only: ["wasm", "tfjs cpu", "jax", "torch"],
    rounds: 3,
    note: "smaller: TensorFlow.js needs 10 s for the one above",
  },
  {
    name: "infer:4x64:1x64",
    only: ["wasm", "tfjs cpu", "tfjs wasm", "jax", "torch"],
    rounds: 3,
    note: "4 of 17 layers",
  },
].map((row) => ({
  ...row,
  label: `${labelOf(row.name)}${row.note ? ` (${row.note})` : ""}`,
  work: workOf(row.name),
  steps: 1,
}));
const webSides = [...ours, "tfjs cpu", "tfjs wasm", "jax", "torch"];

const sweep = (of, names, steps) =>
  names.map((name, k) => ({ name, label: labelOf(name), work: workOf(name), steps: steps[k], of }));
/** One small network on growing images and on growing batches: about 0.1 s per call. */
const growing = [
  ...sweep(
    "image side",
    [32, 64, 128, 256, 384].map((side) => `train:5x32:2x${side}`),
    [16, 8, 2, 1, 1],
  ),
  ...sweep(
    "batch",
    [1, 2, 4, 8, 16].map((batch) => `train:5x32:${batch}x64`),
    [16, 8, 4, 2, 1],
  ),
];

/**
 * Title, sides (the first is ours), and a function that returns the cases. `warm`: seconds of warm-up, in which engines
 * compile hot code. `threads`: those of ours, for the peaks of the machine.
 */
export const suites = {
  native: {
    title: "Node's add-on",
    keys: ["adjoint", "burn", "torch"],
    cases: async () => Object.entries((await import("./cases.mjs")).cases).map(([name, one]) => ({ name, ...one })),
    threads: threadsOfAddOn(),
  },
  node: { title: "WebAssembly in Node", keys: webSides, cases: () => web, warm: 1.5, threads: 1 },
  chromium: {
    title: "WebAssembly in Chromium",
    keys: webSides,
    cases: () => web,
    warm: 1.5,
    threads: 1,
    inBrowser: true,
  },
  growth: {
    title: "Growth of the cost of a training step",
    keys: ["adjoint", "torch"],
    cases: () => growing,
    threads: threadsOfAddOn(),
  },
};

const peaks = new Map();

/** The peaks of the machine with so many threads, measured once a run; undefined where they cannot be. */
function peaksOf(threads) {
  if (!peaks.has(threads)) peaks.set(threads, measurePeaks(threads));
  return peaks.get(threads);
}

/**
 * Runs a suite. Returns its rows, with the times of each side, and the skipped sides. `wanted`: names of cases, or
 * undefined for all. `withPeaks`: whether the peaks of the machine are measured, and the share of them that rows reach.
 */
export async function runSuite(key, { rounds, wanted, without = [], withPeaks = true }) {
  const { title, keys, cases, warm, threads, inBrowser = false } = suites[key];
  const chosen = (await cases()).filter(({ name }) => !wanted || wanted.includes(name));
  if (chosen.length === 0) return { key, title, labels: [], compared: [], rows: [], skipped: [] };
  say(title);
  const machine = withPeaks ? peaksOf(threads) : undefined;
  const { sides, skipped, close, browser } = await openSides(
    keys.filter((side) => !without.includes(side)),
    { inBrowser },
  );
  try {
    if (withPeaks && !machine) skipped.push("the peaks of the machine: rustc compiled no bench/peak/peak.rs");
    for (const sentence of skipped) say(`skipped: ${sentence}`);
    const rows = [];
    for (const one of sides.length > 0 ? chosen : [])
      rows.push(await timed(one, sides, { rounds: Math.min(rounds, one.rounds ?? rounds), warm, machine }));
    const compared = sides.filter(({ apart }) => apart !== undefined).map(({ label, apart }) => ({ label, apart }));
    return {
      key,
      title: browser ? `${title} ${browser}` : title,
      labels: sides.map(({ label }) => label),
      compared,
      peaks: machine,
      rows,
      skipped,
    };
  } finally {
    await close();
  }
}

/** Times a case on all sides that support it. */
async function timed({ name, label, steps, only, of, work }, sides, { rounds, warm, machine }) {
  const here = sides.filter((side) => side.can(name) && (!only || only.includes(side.key)));
  const times = await interleave(name, steps, here, rounds, warm);
  const ratios = sides
    .slice(1)
    .map((side) => (here.includes(side) ? ratio(times[0], times[here.indexOf(side)]) : null));
  const row = {
    name,
    label,
    of,
    work,
    roof: work && machine ? roof(work, Math.min(...times[0]), machine) : undefined,
    ours: spread(times[0]),
    ratios,
    times: Object.fromEntries(here.map((side, k) => [side.label, times[k]])),
  };
  say(
    brief(
      row,
      sides.map((side) => side.label),
    ),
  );
  return row;
}

/**
 * The growth of a side's cost in a sweep: its exponent in the number of pixels of a batch, over all sizes and over the
 * two largest; and the seconds per pixel.
 */
export function growthOf(rows, side) {
  const points = rows.map(({ name, times }) => [pixels(name), Math.min(...times[side])]);
  return {
    exponents: [exponent(points), exponent(points.slice(-2))],
    perPixel: points.map(([work, seconds]) => seconds / work),
  };
}

/** Number of pixels of a batch. */
function pixels(name) {
  const [, batch, side] = /:(\d+)x(\d+)$/.exec(name).map(Number);
  return batch * side * side;
}
