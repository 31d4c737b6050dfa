// Calls the compiled package with what nobody should give it, in child processes with a memory limit, and prints every
// call that ended the process, did not return, or failed with anything but an error of the library, as one line that
// repeats it:
//
//   npm run fuzz -- --minutes 2              random calls, a fresh seed, which is printed
//   npm run fuzz -- --minutes 2 --seed 7     the same calls again
//   npm run fuzz -- --calls 100000           so many calls, however long they take
//   npm run fuzz -- --every                  every value in every place of every function
//   npm run fuzz -- --every --share 4        every fourth of these calls
//   npm run fuzz -- --groups tensor,functional
//   npm run fuzz -- --groups files --each 10000   so many damaged files of every format
//   npm run fuzz -- --platform chromium      in a page
//
// Exit code 1 where there are findings.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { isMain, root, say } from "./common.mjs";
import { chosen } from "./fuzz/calls.mjs";
import { openChromium } from "./fuzz/chromium.mjs";
import { runInProcess } from "./fuzz/process.mjs";
import { signaturesFile } from "./fuzz/signatures.mjs";

/** Random calls of one child or page: what it leaks ends with it. */
const CALLS_PER_CHILD = 20_000;

/** Devices of Chromium, by platform. */
const CHROMIUM = { chromium: "cpu", "chromium-webgpu": "webgpu" };

/** One finding for each function and reason, whatever the arguments. */
function kindOf({ source, reason }) {
  const method = /^\(.*\)\.(\w+)\(/s.exec(source)?.[1];
  const what = method === undefined ? source.split("(")[0] : `${/new ([\w.]+)/.exec(source)?.[1] ?? ""}.${method}`;
  return `${what}|${reason.replace(/[\d.]+/g, "#").slice(0, 80)}`;
}

/** Adds the numbers of a child to those of others: what came of the files of each format. */
function addOutcomes(all, outcomes = {}) {
  for (const [format, { read, refused, slowest }] of Object.entries(outcomes)) {
    const sum = (all[format] ??= { read: 0, refused: 0, slowest: 0 });
    sum.read += read;
    sum.refused += refused;
    sum.slowest = Math.max(sum.slowest, slowest);
  }
}

/** Runs calls until there are no more, or the time is over. */
export async function fuzz({ minutes = Infinity, calls: most = Infinity, onFinding, ...given }) {
  const settings = { mode: "random", seed: 0, share: 1, platform: "native", ...given, signatures: signaturesFile() };
  const findings = new Map();
  const found = (record) => {
    const key = kindOf(record);
    if (findings.has(key)) findings.get(key).count += 1;
    else {
      findings.set(key, { ...record, count: 1 });
      onFinding?.(record);
    }
  };
  const device = CHROMIUM[settings.platform];
  const browser = device === undefined ? undefined : await openChromium(device);
  const run = browser?.run ?? runInProcess;
  const until = Date.now() + minutes * 60_000;
  const part = CALLS_PER_CHILD * (settings.mode === "every" ? settings.share : 1);
  const outcomes = {};
  const targets = chosen(JSON.parse(readFileSync(settings.signatures, "utf8")), settings.groups).length;
  let [from, calls] = [0, 0];
  while (Date.now() < until && calls < most) {
    const to = from + Math.min(part, most - calls);
    const ended = await run({ ...settings, from, to }, found, until);
    calls += ended.calls;
    addOutcomes(outcomes, ended.outcomes);
    from = ended.stopped === undefined ? to : ended.stopped + 1;
    if (ended.last) break;
  }
  await browser?.close();
  return { findings: [...findings.values()], calls, targets, outcomes };
}

if (isMain(import.meta.url)) {
  const option = (name, otherwise) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? otherwise : process.argv[at + 1];
  };
  const count = (name) => (option(name) === undefined ? undefined : Number(option(name)));
  if (!existsSync(join(root, "dist", "index.js"))) {
    console.error("fuzz: the package is not compiled; run npm run build first");
    process.exit(2);
  }
  const mode = process.argv.includes("--every") ? "every" : "random";
  const groups = option("groups", "tensor,functional,library").split(",");
  const platform = option("platform", "native");
  const seed = count("seed") ?? Date.now() % 2 ** 31;
  const [calls, each] = [count("calls"), count("each")];
  const isCounted = mode === "every" || calls !== undefined || each !== undefined;
  const minutes = count("minutes") ?? (isCounted ? Infinity : 2);
  const what =
    mode === "every" ? "every value in every place" : Number.isFinite(minutes) ? `${minutes} minutes` : "calls";
  say(`${what} of ${groups} on ${platform}, --seed ${seed}`);
  const started = Date.now();
  const result = await fuzz({
    mode,
    groups,
    platform,
    seed,
    minutes,
    calls,
    each,
    share: count("share") ?? 1,
    onFinding: ({ source, reason }) => console.log(`${source}\n    ${reason}`),
  });
  const took = Math.round((Date.now() - started) / 1000);
  for (const [format, { read, refused, slowest }] of Object.entries(result.outcomes))
    say(`${format}: ${read + refused} files, ${read} read, ${refused} refused, slowest ${slowest} ms`);
  const { findings, targets } = result;
  say(`${result.calls} calls of ${targets} functions in ${took} s: ${findings.length} findings`);
  process.exitCode = findings.length > 0 ? 1 : 0;
}
