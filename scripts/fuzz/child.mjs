// Runs calls of the compiled package in a process of its own. Says before each call what it is about to do, so that the
// parent knows what a process that died, or a call that did not return, was doing.
//
// Argument: a file with { stateFile, signatures, platform, mode, groups, seed, from, to, share, each, until }.
import { openSync, readFileSync, writeSync } from "node:fs";
import { chosen, everyCall, randomCall, sourceOf } from "./calls.mjs";
import { configurationCalls, configurationEnvironment } from "./configurations.mjs";
import { fileCalls, fileEnvironment } from "./files.mjs";
import { load } from "./platforms.mjs";
import { runner } from "./run-call.mjs";

/** Bytes of a record of the state file: the number of the call and its text. */
const RECORD = 4000;

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
const { stateFile, mode, groups, seed, from, to, share, each } = settings;
/** When to end, in milliseconds since 1970. */
const until = settings.until ?? Infinity;
const signatures = JSON.parse(readFileSync(settings.signatures, "utf8"));
const { lib, restart } = await load(settings.platform);
const targets = chosen(signatures, groups);
const { outcomes, ...environment } = {
  ...(groups.includes("files") ? fileEnvironment(lib) : {}),
  ...(groups.includes("configurations") ? await configurationEnvironment(lib) : {}),
};
const { run, fault } = runner({ ...lib, ...environment });
const callOf = groups.includes("files")
  ? fileCalls(each)
  : groups.includes("configurations")
    ? configurationCalls()
    : (seed, index) => randomCall(targets, signatures, seed, index);
const state = openSync(stateFile, "w");

const say = (record) => process.stdout.write(`${JSON.stringify(record)}\n`);
let current = "";

for (const event of ["unhandledRejection", "uncaughtException"]) {
  process.on(event, (error) => {
    const reason = fault(error);
    // What a call's own callback rejects with, and nothing waits for, is the caller's.
    if (reason !== undefined) say({ index: -1, source: current, reason: `${event}: ${reason}` });
  });
}

async function attempt(index, call) {
  current = sourceOf(call);
  writeSync(state, `${index} ${current}`.slice(0, RECORD).padEnd(RECORD), 0);
  const reason = await run(call);
  if (reason === undefined) return;
  say({ index, source: current, reason });
  if (reason.startsWith("runtime_lost")) await restart();
}

let count = 0;
const pause = async () => {
  count += 1;
  if (count % 200 === 0) await new Promise((resolve) => setImmediate(resolve));
};
let last = false;
if (mode === "every") {
  let index = 0;
  for (const call of everyCall(targets, signatures)) {
    if (index >= to || Date.now() > until) break;
    if (index >= from && index % share === 0) {
      await attempt(index, call);
      await pause();
    }
    index += 1;
  }
  last = index < to;
} else {
  for (let index = from; index < to && !last && Date.now() < until; index++) {
    const call = callOf(seed, index);
    last = call === undefined;
    if (last) break;
    await attempt(index, call);
    await pause();
  }
}
say({ done: count, last, outcomes });
process.exit(0);
