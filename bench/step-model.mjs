// A model of the time of a training step by ranks, bandwidth and latency, and its table for docs/clusters.md:
// node bench/step-model.mjs [--micro-batch S] [--rest S] [--bytes N] [--adding S] [--batches N] [--jitter X]
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";
import { markdown } from "./report.mjs";

/**
 * The mean time of a step in seconds, over simulated steps.
 *
 * A rank computes its share of the `batches` of the step, each in `microBatch` seconds; shares vary by the relative
 * standard deviation `jitter`. Then come the rounds of recursive halving: in round d = 1, 2, 4, ... rank r waits for
 * rank r xor d, and both exchange and add half of what they have: `latency + bytes (1 / bandwidth + adding) / (2 d)`;
 * then the sums go back in the reverse order, without adding. At last each rank moves its weights: `rest`.
 *
 * With `jitter` 0 that is `microBatch batches / ranks + rest
 * + 2 log2(ranks) latency + bytes (1 - 1 / ranks) (2 / bandwidth + adding)`.
 */
export function stepTime(
  { ranks, batches, microBatch, rest, bytes, latency, bandwidth, adding, jitter = 0 },
  steps = 20,
) {
  const draw = normals(1);
  const halved = (distance) => latency + (bytes * (1 / bandwidth + adding)) / (2 * distance);
  const passed = (distance) => latency + bytes / bandwidth / (2 * distance);
  let sum = 0;
  for (let step = 0; step < steps; step++) {
    let times = Array.from(
      { length: ranks },
      () => ((microBatch * batches) / ranks) * Math.max(0, 1 + jitter * draw()),
    );
    const distances = Array.from({ length: Math.log2(ranks) }, (_, i) => 2 ** i);
    const rounds = [
      ...distances.map((distance) => [distance, halved(distance)]),
      ...distances.toReversed().map((distance) => [distance, passed(distance)]),
    ];
    for (const [distance, round] of rounds) {
      const before = times;
      times = before.map((time, rank) => Math.max(time, before[rank ^ distance]) + round);
    }
    sum += Math.max(...times) + rest;
  }
  return sum / steps;
}

/** Numbers of a normal distribution by the transform of Box and Muller; always the same. */
function normals(seed) {
  let state = seed >>> 0;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** Latency in seconds and bytes in a second of usual networks, as programs see them. */
const networks = {
  "10 Gbit/s Ethernet": { latency: 50e-6, bandwidth: 1.1e9 },
  "100 Gbit/s InfiniBand": { latency: 5e-6, bandwidth: 11e9 },
};

const options = {
  "micro-batch": { type: "string", default: "0.1" },
  rest: { type: "string", default: "0.01" },
  bytes: { type: "string", default: "2.2e6" },
  adding: { type: "string", default: "1e-9" },
  batches: { type: "string", default: "1024" },
  jitter: { type: "string", default: "0.03" },
};

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { values } = parseArgs({ options });
  const { "micro-batch": microBatch, ...rest } = Object.fromEntries(
    Object.entries(values).map(([name, text]) => [name, Number(text)]),
  );
  const common = { microBatch, ...rest };
  const alone = stepTime({ ...common, ranks: 1, ...networks["10 Gbit/s Ethernet"] });
  const rows = [];
  for (let ranks = 1; ranks <= common.batches && ranks <= 1024; ranks *= 2) {
    const cells = Object.values(networks).map((network) => {
      const time = stepTime({ ...common, ranks, ...network });
      return `${time.toPrecision(3)} s, ${Math.round((100 * alone) / time / ranks)} %`;
    });
    rows.push([ranks, ...cells]);
  }
  process.stdout.write(`${markdown(["ranks", ...Object.keys(networks)], rows)}\n`);
}
