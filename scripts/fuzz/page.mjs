// Runs calls in a page: what scripts/fuzz/chromium.mjs bundles and calls.
import * as lib from "../../ts/browser.ts";
import * as testing from "../../ts/testing/index.ts";
import { chosen, randomCall, sourceOf } from "./calls.mjs";
import { MEMORY_LIMIT } from "./limits.mjs";
import { runner } from "./run-call.mjs";

const { run, fault } = runner({ ...lib, testing });
let [signatures, targets, device] = [[], [], "cpu"];
let [records, current] = [[], ""];

addEventListener("unhandledrejection", (event) => {
  const reason = fault(event.reason);
  if (reason !== undefined) records.push({ index: -1, source: current, reason: `unhandledrejection: ${reason}` });
});

const restart = async () => await lib.init({ memoryLimit: MEMORY_LIMIT, device });

/** Starts the library. */
export async function start(settings) {
  ({ signatures, device } = settings);
  targets = chosen(signatures, settings.groups);
  await restart();
}

/** Runs calls `from` to `to` of a seed; the findings. */
export async function runCalls(seed, from, to) {
  records = [];
  for (let index = from; index < to; index++) {
    const call = randomCall(targets, signatures, seed, index);
    current = sourceOf(call);
    const reason = await run(call);
    if (reason === undefined) continue;
    records.push({ index, source: current, reason });
    if (reason.startsWith("runtime_lost")) await restart();
  }
  return records;
}

/** The text of a call. */
export const textOf = (seed, index) => sourceOf(randomCall(targets, signatures, seed, index));
