// Start-up: from the first line of a program to its first result, and the whole process, in a new process or page each.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { executable, launch } from "../scripts/chromium.mjs";
import { root, say } from "../scripts/common.mjs";
import { openSite } from "./chromium/site.mjs";
import { findPython } from "./peer.mjs";
import { digits, markdown, milliseconds } from "./report.mjs";
import { installed, peersFolder } from "./sides.mjs";
import { ratio, spread } from "./statistics.mjs";

const timed = (work) => `const started = performance.now(); ${work}; console.log((performance.now() - started) / 1000)`;
const dist = (entry) => pathToFileURL(join(root, "dist", entry)).href;
const own = (entry) =>
  timed(`const { init, tensor } = await import("${dist(entry)}"); await init(); await tensor([1]).add(1).data()`);
const jax = [
  'const { defaultDevice, init, numpy } = await import("@jax-js/jax")',
  'await init("wasm")',
  'defaultDevice("wasm")',
  "await numpy.array([1]).add(1).data()",
].join("; ");
const tfjs = [
  'const tf = await import("@tensorflow/tfjs")',
  'await tf.setBackend("cpu")',
  "await tf.add(tf.tensor([1]), 1).data()",
].join("; ");
const python = (imports) =>
  [
    "import time; started = time.perf_counter()",
    `import ${imports}`,
    "(torch.zeros(1) + 1).item()",
    "print(time.perf_counter() - started)",
  ].join("; ");

/** The programs to start, or why one is skipped. */
function programs() {
  const node = (label, code, needs) =>
    needs && !installed(needs)
      ? { label, skipped: `${label}: not installed` }
      : { label, command: process.execPath, args: ["--input-type=module", "-e", code] };
  const found = findPython();
  const torch = (label, imports) =>
    found && spawnSync(found, ["-c", `import ${imports}`]).status === 0
      ? { label, command: found, args: ["-c", python(imports)] }
      : { label, skipped: `${label}: no python3 has it` };
  return [
    node("adjoint: import and init()", own("node.js")),
    node("adjoint/web (WebAssembly) in Node: import and init()", own("browser.js")),
    torch("import torch", "torch"),
    torch("import torch, deepinv", "torch, deepinv"),
    node("TensorFlow.js in Node, cpu", timed(tfjs), "@tensorflow/tfjs"),
    node("jax-js in Node, wasm", timed(jax), "@jax-js/jax"),
  ];
}

/** Seconds to the first result, and of the whole process. */
function start({ label, command, args }) {
  const started = performance.now();
  // Node resolves the peers from their folder.
  const { status, signal, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", cwd: peersFolder });
  if (status !== 0) throw new Error(`${label} ended with ${signal ?? status}: ${stderr}`);
  return { first: Number(stdout.trim().split("\n").at(-1)), whole: (performance.now() - started) / 1000 };
}

/** Starts the library in a new page: seconds to the end of `init()`, and including the loading of the page. */
async function startPage(browser, origin) {
  const started = performance.now();
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${origin}/page.html`);
  const first = await page.evaluate(async () => {
    const from = performance.now();
    await (await import(new URL("/bundle/adjoint.js", location.href).href)).open({ wasm: true });
    return (performance.now() - from) / 1000;
  });
  await context.close();
  return { first, whole: (performance.now() - started) / 1000 };
}

/** Times all starts, interleaved. A first round, which reads from the disk, does not count. */
export async function runStart({ rounds }) {
  const title = "Start-up";
  say(title);
  const all = programs();
  const sides = all
    .filter(({ skipped }) => !skipped)
    .map((program) => ({ label: program.label, run: () => start(program), times: [] }));
  const skipped = all.flatMap(({ skipped: why }) => why ?? []);
  const browser = executable && (await launch());
  const site = browser && (await openSite(["adjoint"]));
  if (browser)
    sides.push({
      label: "adjoint (WebAssembly) in Chromium: import and init() in a new page",
      run: () => startPage(browser, site.origin),
      times: [],
    });
  else skipped.push("Chromium: none was found");
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const { run, times } of sides) {
        const measured = await run();
        if (round > 0) times.push(measured);
      }
    }
  } finally {
    await browser?.close();
    await site?.close();
  }
  const rows = sides.map(({ label, times }) => {
    const [first, whole] = ["first", "whole"].map((key) => times.map((time) => time[key]));
    return {
      label,
      first: spread(first),
      whole: spread(whole),
      ratio: ratio(
        sides[0].times.map((time) => time.first),
        first,
      ).fastest,
    };
  });
  for (const row of rows) say(`${row.label}: ${milliseconds(row.first.median)}`);
  return { title, rows, skipped };
}

/** The table of {@link runStart}. */
export function startTable({ rows }) {
  const cell = ({ min, median }) => `${milliseconds(min)}, ${milliseconds(median)}`;
  const head = [
    "start",
    "to the first result: fastest, median",
    "whole process or page: fastest, median",
    "adjoint / this",
  ];
  return markdown(
    head,
    rows.map(({ label, first, whole, ratio: r }, k) => [label, cell(first), cell(whole), k === 0 ? "1" : digits(r)]),
  );
}
