// The quick mode, for CI: our convolutions against burn's in the same run, and against the ratios that are committed in quick.json.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, root, say } from "../scripts/common.mjs";
import { digits } from "./report.mjs";
import { slower } from "./statistics.mjs";
import { runSuite } from "./suites.mjs";

/** A ratio may be so many times the committed one. */
const MARGIN = 1.5;
const committed = JSON.parse(readFileSync(join(root, "bench", "quick.json"), "utf8"));
/** Only ours and burn's take part: nobody has to install a peer. */
const without = ["tfjs cpu", "tfjs wasm", "jax", "torch"];

/** Runs the committed cases of all suites, or those named. */
async function measure(wanted, rounds) {
  const results = [];
  for (const key of Object.keys(wanted)) results.push(await runSuite(key, { rounds, wanted: wanted[key], without }));
  return results;
}

/** Names of a suite's cases that became slower. */
function slow({ key, rows }, names) {
  const ratios = Object.fromEntries(rows.map(({ name, ratios: [burn] }) => [name, burn?.fastest]));
  return slower(ratios, Object.fromEntries(names.map((name) => [name, committed[key][name]])), MARGIN);
}

/** Cases by suite that are slower than committed; suites without any are left out. */
function judge(results, wanted) {
  return Object.fromEntries(results.map((result) => [result.key, slow(result, wanted[result.key])]).filter(([, names]) => names.length > 0));
}

/**
 * Gives the results, and throws where a case is more than 1.5 times the committed ratio, twice: what is slow is measured once more with twice the
 * rounds, since a busy machine may disturb all rounds of one side.
 */
export async function runQuick(rounds) {
  const all = Object.fromEntries(Object.entries(committed).map(([key, ratios]) => [key, Object.keys(ratios)]));
  const results = await measure(all, rounds);
  const suspects = judge(results, all);
  if (Object.keys(suspects).length === 0) return results;
  say("slower than committed; once more");
  const again = await measure(suspects, 2 * rounds);
  const failed = judge(again, suspects);
  const told = Object.entries(failed).flatMap(([key, names]) =>
    names.map((name) => {
      const { fastest } = again.find((result) => result.key === key).rows.find((row) => row.name === name).ratios[0];
      const limit = committed[key][name];
      return `${key}, ${name}: ours takes ${digits(fastest)} of burn's time; committed is ${limit}, the limit ${digits(MARGIN * limit)}`;
    }),
  );
  if (told.length > 0) throw new Failure(`slower than committed, twice:\n${told.join("\n")}`);
  return [...results, ...again];
}
