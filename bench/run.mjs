// `npm run bench`: times our cases against their peers, in interleaved rounds. `--quick`: against burn's convolutions
// only, for CI. See bench/README.md.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, availableParallelism, cpus, loadavg, platform, release } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "../scripts/build.mjs";
import { buildWasm } from "../scripts/build-wasm.mjs";
import { Failure, main, output, root } from "../scripts/common.mjs";
import { setup } from "../scripts/setup.mjs";
import { groupTables, runGroup } from "./group.mjs";
import { comparison, save } from "./last.mjs";
import { memoryTable, runMemory } from "./memory.mjs";
import { runQuick } from "./quick.mjs";
import { growthTable, ratioTable, report } from "./report.mjs";
import { runSuite } from "./run-suite.mjs";
import { installPeers } from "./sides.mjs";
import { runSize, sizeTable } from "./size.mjs";
import { runStart, startTable } from "./start.mjs";
import { growthOf, suites } from "./suites.mjs";

const usage =
  "npm run bench -- [--suites NAME,NAME] [--cases NAME,NAME] [--rounds N] [--peers] [--quick] [--json] [--no-build] " +
  "[--compare] [--save]: " +
  "see bench/README.md\n";
/** All parts, in the order in which they run. */
const parts = [...Object.keys(suites), "memory", "start", "size", "group"];

const options = {
  suites: { type: "string" },
  cases: { type: "string" },
  rounds: { type: "string" },
  peers: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  compare: { type: "boolean", default: false },
  save: { type: "boolean", default: false },
  "no-build": { type: "boolean", default: false },
  help: { type: "boolean", default: false },
};

/** The tables of the sweeps: one for the image side, one for the batch. */
function growthTables({ labels, rows, peaks }) {
  return [...new Set(rows.map(({ of }) => of))].map((what) => {
    const swept = rows.filter(({ of }) => of === what);
    return growthTable(
      what,
      { labels, peaks },
      swept,
      Object.fromEntries(labels.map((label) => [label, growthOf(swept, label)])),
    );
  });
}

/** As `runPart`, but an error is reported and the other parts continue. */
async function attempt(part, settings) {
  try {
    return await runPart(part, settings);
  } catch (error) {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
    return {
      title: suites[part]?.title ?? part,
      rows: [],
      skipped: [`the rest, after a failure: ${error.message}`],
      tables: [],
    };
  }
}

/** Runs one part. Returns its data, and its tables as text. */
async function runPart(part, settings) {
  if (part === "start") return withTables(await runStart(settings), (result) => [startTable(result)]);
  if (part === "memory")
    return withTables(await runMemory(settings), (result) => (result.rows.length ? [memoryTable(result)] : []));
  if (part === "group") return withTables(runGroup(settings), groupTables);
  if (part === "size") return withTables(runSize(), (result) => [sizeTable(result)]);
  return withTables(await runSuite(part, settings), (result) =>
    result.rows.length === 0 ? [] : part === "growth" ? growthTables(result) : [ratioTable(result)],
  );
}

const withTables = (result, tables) => ({ ...result, tables: tables(result) });

/** The machine and versions, on which the times depend. */
function machine() {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  return [
    `${cpus()[0]?.model ?? "unknown CPU"}, ${availableParallelism()} threads`,
    `${platform()} ${arch()} ${release()}`,
    `Node ${process.versions.node}`,
    output("rustc", ["--version"]) ?? "no rustc",
    `adjoint ${version}`,
  ].join("; ");
}

/** The processes that computed or waited to, in the last minute; what is timed is one of them. */
const load = () => loadavg()[0].toFixed(1);
const loadBefore = load();

/** The machine, and whether other programs kept it busy. */
function conditions() {
  const busy = Number(loadBefore) > 0.5 ? ": **other programs were running**" : "";
  return `${machine()}; ${new Date().toISOString().slice(0, 10)}; load ${loadBefore} before, ${load()} after${busy}`;
}

/** Prints the report and writes it to results/bench, as text and as JSON. */
function publish(sections, rounds, { json, compare, save: toSave }) {
  const about = conditions();
  const tables = report(about, sections);
  if (toSave) save(about, rounds, sections, tables);
  const text = compare ? `${tables}\n${comparison(sections)}` : tables;
  const data = { machine: about, rounds, sections: sections.map((section) => ({ ...section, tables: undefined })) };
  const folder = join(root, "results", "bench");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, new Date().toISOString().slice(0, 19).replaceAll(":", "-"));
  writeFileSync(`${file}.md`, text);
  writeFileSync(`${file}.json`, `${JSON.stringify(data, null, 2)}\n`);
  process.stdout.write(json ? `${JSON.stringify(data)}\n` : `${text}\n`);
}

await main(async () => {
  const { values } = parseArgs({ options });
  if (values.help) return void process.stdout.write(usage);
  const wanted = values.cases?.split(",");
  const chosen = values.suites?.split(",") ?? (wanted ? Object.keys(suites) : parts);
  const unknown = chosen.find((part) => !parts.includes(part));
  if (unknown !== undefined) throw new Failure(`There is no suite ${unknown}; there are ${parts.join(", ")}.`);
  if (values.save && (values.suites || wanted || values.quick))
    throw new Failure("--save keeps a run of everything: leave out --suites, --cases and --quick.");
  if (!values["no-build"]) {
    await setup({ rust: false });
    await build();
    if (values.quick || ["node", "chromium", "start"].some((part) => chosen.includes(part))) await buildWasm();
  }
  if (values.peers) await installPeers();
  const rounds = Math.max(1, Number.parseInt(values.rounds ?? (values.quick ? "5" : "10"), 10) || 1);
  if (values.quick) {
    const { results, slow } = await runQuick(rounds);
    publish(
      results.map((result) => withTables(result, (one) => [ratioTable(one)])),
      rounds,
      values,
    );
    if (slow.length > 0) throw new Failure(`slower than committed, twice:\n${slow.join("\n")}`);
    return;
  }
  const sections = [];
  for (const part of parts) if (chosen.includes(part)) sections.push(await attempt(part, { rounds, wanted }));
  publish(
    sections.filter(({ rows, skipped }) => rows.length + skipped.length > 0),
    rounds,
    values,
  );
});
