// The quick mode, for CI: our convolutions against burn's in the same run, and against the ratios that are committed in
// quick.json.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, say } from "../scripts/common.mjs";
import { runSuite } from "./suites.mjs";
import { verdict } from "./verdict.mjs";

/** A ratio may be so many times the committed one. */
const MARGIN = 1.5;
/** Only ours and burn's take part: nobody has to install a peer. */
const without = ["tfjs cpu", "tfjs wasm", "jax", "torch"];

/**
 * Gives the results, and a sentence for each case that became slower; such a case is measured once more, with twice the
 * rounds, before it is told.
 */
export async function runQuick(rounds) {
  const committed = JSON.parse(readFileSync(join(root, "bench", "quick.json"), "utf8"));
  return await verdict(committed, MARGIN, async (wanted, again) => {
    if (again) say("slower than committed: once more");
    const results = [];
    for (const key of Object.keys(wanted))
      results.push(await runSuite(key, { rounds: again ? 2 * rounds : rounds, wanted: wanted[key], without }));
    return results;
  });
}
