// The interleaved parts of the benchmark: their cases and sides.
import { labelOf, workOf } from "./network.mjs";
import { dncnnLayers } from "./networks.mjs";
import { threadsOfAddOn } from "./peak/peak.mjs";
import { FILES, openFolder, PATCH, PATCHES, SIDE } from "./pictures.mjs";
import { exponent } from "./statistics.mjs";
import { evaluated, times, trained } from "./work.mjs";

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

const evaluating = "evaluation of a DnCNN 7 x 32 on 16 PNG files of 512x512";
/** Programs that read files; `only`: the denoising has no counterpart. */
const withFiles = [
  ...[
    ["loading", 7, 32],
    ["loadingDeep", 17, 64],
  ].map(([name, depth, nf]) => ({
    name,
    label: `training step, DnCNN ${depth} x ${nf}, on 8 patches of 64x64 from as many PNG files of 512x512`,
    work: trained(dncnnLayers(depth, nf, [PATCHES, 1, PATCH, PATCH])),
    steps: 4,
  })),
  {
    name: "evaluate",
    label: evaluating,
    work: times(FILES, evaluated(dncnnLayers(7, 32, [1, 1, SIDE, SIDE]))),
    steps: 1,
  },
  { name: "denoise", label: "adjoint denoise, 1x1024x1024", only: ["files"], rounds: 1, steps: 1 },
];

/**
 * Title, sides (the first is ours), and a function that returns the cases. `warm`: seconds of warm-up, in which engines
 * compile hot code. `threads`: those of ours, for the peaks of the machine. `prepare` comes before the sides are
 * opened, and returns what undoes it.
 */
export const suites = {
  native: {
    title: "Node's add-on",
    keys: ["adjoint", "burn", "torch"],
    cases: async () => Object.entries((await import("./cases.mjs")).cases).map(([name, one]) => ({ name, ...one })),
    threads: threadsOfAddOn(),
  },
  files: {
    title: "Programs with files",
    keys: ["files", "files kept", "torch files"],
    cases: () => withFiles,
    threads: threadsOfAddOn(),
    prepare: openFolder,
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
