// Runs calls of the compiled package in a process of its own. Says before each call what it is about to do, so that the
// parent knows what a process that died, or a call that did not return, was doing.
//
// Arguments: state file, mode (every | random), groups, seed, first call, last call, share (1 of so many calls).
import { openSync, writeSync } from "node:fs";
import { everyCall, randomCall } from "./calls.mjs";
import { targets } from "./targets.mjs";
import { make } from "./values.mjs";

/** Bytes of a record of the state file: the number of the call and its text. */
const RECORD = 1000;
/**
 * Bytes that one operator may use: little enough that no allowed call is slow, and far below the limit of the process,
 * so that memory which the core does not count ends the child.
 */
const MEMORY_LIMIT = 1 << 30;
/** Milliseconds after which a call counts as slow. */
const SLOW = 3000;

const [, , stateFile, mode, groups, seed, from, to, share = "1"] = process.argv;
const lib = await import(new URL("../../dist/index.js", import.meta.url).href);
await lib.init({ memoryLimit: MEMORY_LIMIT });
const list = targets(lib).filter((t) => groups.split(",").includes(t.group));
const state = openSync(stateFile, "w");

const say = (record) => process.stdout.write(`${JSON.stringify(record)}\n`);

/** Why an outcome is a finding; `undefined` where it is none. */
function fault(error) {
  if (!(error instanceof lib.AdjointError)) return `${error?.name ?? typeof error}: ${error?.message ?? "no error"}`;
  return error.code === "internal" ? `internal: ${error.message}` : undefined;
}

async function run(index, { t, args }) {
  const source = t.source(args.map(([text]) => text));
  writeSync(state, `${index} ${source}`.slice(0, RECORD).padEnd(RECORD), 0);
  const before = performance.now();
  let reason;
  try {
    // What a call makes is freed at once: nothing of it is returned.
    let result;
    lib.tidy(() => {
      result = t.call(args.map((entry) => make(entry).value));
    });
    if (result instanceof Promise) free(await result);
  } catch (error) {
    reason = fault(error);
  }
  const took = performance.now() - before;
  if (reason === undefined && took > SLOW) reason = `took ${Math.round(took)} ms`;
  if (reason !== undefined) say({ index, source, reason });
}

/** Frees the tensors of a result. */
function free(value) {
  if (value instanceof lib.Tensor) value.dispose();
  else if (Array.isArray(value) && value.length < 100) value.forEach(free);
}

process.on("unhandledRejection", (error) => {
  const reason = fault(error);
  if (reason !== undefined) say({ index: -1, source: "a promise that nothing waits for", reason });
});

let count = 0;
const [first, last] = [Number(from), Number(to)];
if (mode === "every") {
  let index = 0;
  for (const call of everyCall(lib, list)) {
    if (index >= first && index < last && index % Number(share) === 0) {
      await run(index, call);
      count += 1;
      if (count % 200 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    index += 1;
  }
} else {
  for (let index = first; index < last; index++) {
    await run(index, randomCall(lib, list, Number(seed), index));
    count += 1;
    if (count % 200 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}
say({ done: count, targets: list.length });
process.exit(0);
