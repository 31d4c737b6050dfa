// The memory of a training step: the largest resident set of a process that makes a network and trains some steps, less
// what it has after the library was started.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { say } from "../scripts/common.mjs";
import { labelOf } from "./network.mjs";
import { digits, markdown } from "./report.mjs";
import { openers } from "./sides.mjs";
import { spread } from "./statistics.mjs";

/** Cases; `peer`: the case of PyTorch with which one is compared that it does not have. */
const rows = [
  { name: "dncnn" },
  { name: "unet" },
  { name: "train:17x64:1x256" },
  { name: "checkpointed", peer: "train:17x64:1x256" },
];
/** Our side first. */
const keys = ["adjoint", "torch"];
const STEPS = 3;
const MiB = 2 ** 20;

/** A number of bytes that Linux tells of a process. */
const told = (pid, what) =>
  1024 * Number(new RegExp(`^${what}:\\s*(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

/** Bytes that training takes on a side that was just started, which is stopped. */
async function measured(side, name) {
  try {
    const before = told(side.pid, "VmRSS");
    // The largest resident set so far was that of the start.
    writeFileSync(`/proc/${side.pid}/clear_refs`, "5");
    await side.time(name, STEPS);
    return told(side.pid, "VmHWM") - before;
  } finally {
    await side.stop();
  }
}

/** Measures all cases, in rounds. */
export async function runMemory({ rounds }) {
  const title = "Memory of a training step";
  say(title);
  if (!existsSync("/proc/self/clear_refs")) return { title, rows: [], skipped: ["memory: Linux alone tells it"] };
  // They need the compiled library.
  const { cases } = await import("./cases.mjs");
  const [found, skipped] = [[], new Set()];
  for (const { name, peer = name } of rows) {
    const label = cases[name]?.label ?? labelOf(name);
    const bytes = {};
    for (let round = 0; round < Math.min(3, rounds); round++) {
      for (const key of keys) {
        const side = await openers[key]();
        if (side.skipped) skipped.add(side.skipped);
        else (bytes[side.label] ??= []).push(await measured(side, key === keys[0] ? name : peer));
      }
    }
    const medians = Object.fromEntries(Object.entries(bytes).map(([side, list]) => [side, spread(list).median]));
    found.push({ name, label, bytes, medians });
    const text = Object.entries(medians).map(([side, median]) => `${side} ${Math.round(median / MiB)} MiB`);
    say(`${label}: ${text.join(", ")}`);
  }
  return { title, rows: found, skipped: [...skipped] };
}

/** The table of {@link runMemory}. */
export function memoryTable({ rows: found }) {
  const sides = Object.keys(found[0].medians);
  return markdown(
    ["case", ...sides.map((side) => `${side}: median`), ...sides.slice(1).map((side) => `${sides[0]} / ${side}`)],
    found.map(({ label, medians }) => [
      label,
      ...sides.map((side) => `${Math.round(medians[side] / MiB)} MiB`),
      ...sides.slice(1).map((side) => digits(medians[sides[0]] / medians[side])),
    ]),
  );
}
