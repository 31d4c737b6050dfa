// The memory of a training step: the largest resident set of a process that makes a network and trains some steps, less
// what it has after the library was started.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { say } from "../scripts/common.mjs";
import { findPython, startPeer } from "./peer.mjs";
import { digits, markdown } from "./report.mjs";
import { peersFolder } from "./sides.mjs";
import { spread } from "./statistics.mjs";

/** Cases; `peer`: the case of the peers with which one is compared that they do not have. */
const rows = [
  { name: "dncnn", label: "training step, DnCNN 17 x 64, batch 4 of 1x64x64" },
  { name: "unet", label: "training step, U-Net 64-128-256 with batch norm, batch 4 of 1x64x64" },
  { name: "train:17x64:1x256", label: "training step, DnCNN 17 x 64, 1x256x256" },
  {
    name: "checkpointed",
    peer: "train:17x64:1x256",
    label: "the same with nn.checkpoint around every four layers (peers: without)",
  },
];
const STEPS = 3;
const MiB = 2 ** 20;

/** A number of bytes that Linux tells of a process. */
const told = (pid, what) =>
  1024 * Number(new RegExp(`^${what}:\\s*(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

/** Bytes that training takes in a new process. */
async function measured(open, name) {
  const side = await open();
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
  const python = findPython();
  const sides = {
    adjoint: () => startPeer(process.execPath, [join(peersFolder, "..", "worker.mjs"), "adjoint"]),
    ...(python ? { PyTorch: () => startPeer(python, [join(peersFolder, "torch_cases.py")]) } : {}),
  };
  const found = [];
  for (const { name, peer, label } of rows) {
    const bytes = {};
    for (const [side, open] of Object.entries(sides)) {
      bytes[side] = [];
      for (let round = 0; round < Math.min(3, rounds); round++)
        bytes[side].push(await measured(open, side === "adjoint" ? name : (peer ?? name)));
    }
    const medians = Object.fromEntries(Object.entries(bytes).map(([side, list]) => [side, spread(list).median]));
    found.push({ name, label, bytes, medians });
    const text = Object.entries(medians).map(([side, median]) => `${side} ${Math.round(median / MiB)} MiB`);
    say(`${label}: ${text.join(", ")}`);
  }
  return { title, rows: found, skipped: python ? [] : ["PyTorch: no python3 with torch was found"] };
}

/** The table of {@link runMemory}. */
export function memoryTable({ rows: found }) {
  const sides = Object.keys(found[0].medians);
  return markdown(
    ["case", ...sides.map((side) => `${side}: median`), ...sides.slice(1).map((side) => `adjoint / ${side}`)],
    found.map(({ label, medians }) => [
      label,
      ...sides.map((side) => `${Math.round(medians[side] / MiB)} MiB`),
      ...sides.slice(1).map((side) => digits(medians.adjoint / medians[side])),
    ]),
  );
}
