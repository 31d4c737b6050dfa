// `npm run bench`: the training step against PyTorch, in interleaved rounds, and the cost of an operator. See README.md beside this file.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, platform, release } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../scripts/build.mjs";
import { main, output, root, say } from "../scripts/common.mjs";
import { setup } from "../scripts/setup.mjs";
import { findPython, startPeer } from "./peer.mjs";

const label = "training step: DnCNN depth 7, 32 features, batch 8 of 1x48x48";
const stepsPerRound = 5;

/** Minimum, median and maximum. */
function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { min: sorted[0], median, max: sorted.at(-1) };
}

/** Times both sides in turns; the peer may be missing. */
async function interleave(ours, peer, rounds) {
  const sides = peer ? [ours, peer] : [ours];
  for (const side of sides) await side.time(3);
  const times = sides.map(() => []);
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1}/${rounds}`);
    // Every second round begins with the other side.
    const order = round % 2 ? [...sides.keys()].reverse() : [...sides.keys()];
    for (const side of order) times[side].push((await sides[side].time(stepsPerRound)) / stepsPerRound);
  }
  return times;
}

function table({ machine, ours, torch, ratio, operators, peer }) {
  const three = ({ min, median, max }, digits, unit = "") => [min, median, max].map((value) => `${value.toFixed(digits)}${unit}`).join(" | ");
  const ms = (seconds) => three(Object.fromEntries(Object.entries(seconds).map(([key, value]) => [key, 1000 * value])), 1, " ms");
  const rows = [`| adjoint, cpu | ${ms(ours)} |`];
  rows.push(torch ? `| ${peer}, cpu | ${ms(torch)} |` : "| PyTorch | skipped: no python3 with torch was found (ADJOINT_PYTHON names one) | | |");
  if (ratio) rows.push(`| ratio adjoint / PyTorch | ${three(ratio, 2)} |`);
  return [`${machine}`, "", `| ${label} | min | median | max |`, "| --- | --- | --- | --- |", ...rows, "", `Operators: ${Math.round(operators).toLocaleString("en")} additions of one-element tensors a second.`, ""].join("\n");
}

await main(async () => {
  const { values } = parseArgs({ options: { rounds: { type: "string", default: "10" }, json: { type: "boolean", default: false } } });
  const rounds = Math.max(1, Number.parseInt(values.rounds, 10) || 10);
  await setup({ rust: false });
  await build();
  const { operatorsPerSecond, trainingStep } = await import("./ours.mjs");
  const python = findPython();
  const peer = python && (await startPeer(python, [join(root, "bench", "peers", "torch_step.py")]));
  const [ours, torch] = await interleave(await trainingStep(), peer, rounds);
  peer?.stop();
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const peerName = peer && `PyTorch ${peer.about.version} (${peer.about.threads} threads)`;
  const result = {
    machine: `${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} threads; ${platform()} ${arch()} ${release()}; Node ${process.versions.node}; ${output("rustc", ["--version"]) ?? "no rustc"}; adjoint ${version}`,
    rounds,
    ours: spread(ours),
    ...(torch ? { peer: peerName, torch: spread(torch), ratio: spread(ours.map((time, round) => time / torch[round])) } : {}),
    operators: await operatorsPerSecond(),
  };
  const text = table(result);
  const folder = join(root, "results", "bench");
  mkdirSync(folder, { recursive: true });
  const name = join(folder, new Date().toISOString().slice(0, 19).replaceAll(":", "-"));
  writeFileSync(`${name}.md`, text);
  writeFileSync(`${name}.json`, `${JSON.stringify({ ...result, times: { ours, torch } }, null, 2)}\n`);
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${text}\n`);
});
