// `npm run bench`: our cases against their peers, in interleaved rounds. `--quick`: against burn's own convolutions only, for CI. See README.md beside this file.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, platform, release } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../scripts/build.mjs";
import { main, output, root, say } from "../scripts/common.mjs";
import { setup } from "../scripts/setup.mjs";
import { findPython, startPeer } from "./peer.mjs";

/** Cases of the quick mode, and the file of the ratios that it must keep. */
const QUICK = ["small", "dncnn"];
const COMMITTED = join(root, "bench", "quick.json");
/** A ratio may be so many times the committed one. */
const MARGIN = 1.5;

/** Minimum, median and maximum. */
function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1) };
}

/** Times one case on all sides that have it, in turns: seconds a step, a list for each side. */
async function interleave(name, steps, sides, rounds) {
  for (const side of sides) await side.time(name, steps);
  const times = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    // Every second round begins with the last side.
    const order = round % 2 ? [...sides.keys()].reverse() : [...sides.keys()];
    for (const k of order) times[k].push((await sides[k].time(name, steps)) / steps);
  }
  return times;
}

/** Ratios of the rounds, and of the fastest round of each side: on a machine with other work the steadier figure. */
const ratio = (a, b) => ({ ...spread(a.map((time, round) => time / b[round])), fastest: Math.min(...a) / Math.min(...b) });
const digits = (v) => v.toFixed(v < 0.095 ? 3 : 2);
const three = ({ min, median, max, fastest }) => `${[min, median, max].map(digits).join(" / ")}; ${digits(fastest)}`;

function table(machine, labels, rows) {
  const head = ["case", `${labels[0]}: fastest, median`, ...labels.slice(1).map((label) => `ratio to ${label}: min / median / max; fastest rounds`)];
  const body = rows.map(({ label, ours, ratios }) => [label, `${(1000 * ours.min).toFixed(1)} ms, ${(1000 * ours.median).toFixed(1)} ms`, ...ratios.map((r) => (r ? three(r) : "-"))]);
  return [machine, "", ...[head, head.map(() => "---"), ...body].map((cells) => `| ${cells.join(" | ")} |`), ""].join("\n");
}

/** Compares the ratios with the committed ones: the sentences of those that are too large. */
function regressions(rows) {
  const committed = JSON.parse(readFileSync(COMMITTED, "utf8"));
  return rows
    .filter(({ name, ratios }) => ratios[0].fastest > MARGIN * committed[name])
    .map(({ name, ratios }) => `${name}: ours takes ${ratios[0].fastest.toFixed(2)} of burn's time; committed is ${committed[name]}, the limit ${(MARGIN * committed[name]).toFixed(2)}`);
}

await main(async () => {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string" },
      cases: { type: "string" },
      json: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      "no-build": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write("npm run bench -- [--rounds N] [--cases NAME,NAME] [--quick] [--json] [--no-build]: see bench/README.md\n");
    return;
  }
  if (!values["no-build"]) {
    await setup({ rust: false });
    await build();
  }
  const rounds = Math.max(1, Number.parseInt(values.rounds ?? (values.quick ? "5" : "10"), 10) || 1);
  const { cases } = await import("./cases.mjs");
  const names = values.cases?.split(",") ?? (values.quick ? QUICK : Object.keys(cases));
  const worker = join(root, "bench", "worker.mjs");
  const sides = [
    await startPeer("adjoint", process.execPath, [worker]),
    await startPeer("burn's convolutions", process.execPath, [worker], { ADJOINT_CONV: "burn" }),
  ];
  const python = values.quick ? undefined : findPython();
  if (python) {
    const torch = await startPeer("PyTorch", python, [join(root, "bench", "peers", "torch_cases.py")]);
    torch.label = `PyTorch ${torch.about.version}${torch.about.deepinv ? `, deepinv ${torch.about.deepinv}` : ""}, ${torch.about.threads} threads`;
    sides.push(torch);
  } else if (!values.quick) say("PyTorch is skipped: no python3 with torch was found (ADJOINT_PYTHON names one)");

  const rows = [];
  for (const name of names) {
    const { label, steps } = cases[name];
    const here = sides.filter((side) => side.about.cases.includes(name));
    const times = await interleave(name, steps, here, rounds);
    const ratios = sides.slice(1).map((side) => (here.includes(side) ? ratio(times[0], times[here.indexOf(side)]) : null));
    rows.push({ name, label, ours: spread(times[0]), ratios, times: Object.fromEntries(here.map((side, k) => [side.label, times[k]])) });
    say(`${label}: ${(1000 * rows.at(-1).ours.median).toFixed(1)} ms; ${sides.slice(1).map((side, k) => `${ratios[k] ? three(ratios[k]) : "-"} of ${side.label}`).join("; ")}`);
  }
  for (const side of sides) side.stop();

  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const machine = `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} threads; ${platform()} ${arch()} ${release()}; Node ${process.versions.node}; ${output("rustc", ["--version"]) ?? "no rustc"}; adjoint ${version}`;
  const labels = sides.map((side) => side.label);
  const text = table(machine, labels, rows);
  const folder = join(root, "results", "bench");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, new Date().toISOString().slice(0, 19).replaceAll(":", "-"));
  writeFileSync(`${file}.md`, text);
  writeFileSync(`${file}.json`, `${JSON.stringify({ machine, rounds, labels, rows }, null, 2)}\n`);
  process.stdout.write(values.json ? `${JSON.stringify({ machine, rounds, labels, rows })}\n` : `${text}\n`);
  if (values.quick) {
    const slow = regressions(rows);
    if (slow.length > 0) throw new Error(`slower than committed:\n${slow.join("\n")}`);
  }
});
