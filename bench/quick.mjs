// The quick mode, for CI: times our convolutions against burn's and compares the ratios with those in quick.json.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, say } from "../scripts/common.mjs";
import { runSuite } from "./run-suite.mjs";
import { verdict } from "./verdict.mjs";

/** Largest quotient of a ratio and the committed one. */
const MARGIN = 1.5;
/** Sides that are left out: only ours and burn's remain, so that no peer has to be installed. */
const without = ["tfjs cpu", "tfjs wasm", "jax", "torch"];

/**
 * Returns the results, and a sentence for each case that became slower. Such a case is measured a second time, with
 * twice the rounds, before it is reported.
 */
export async function runQuick(rounds) {
  const committed = JSON.parse(readFileSync(join(root, "bench", "quick.json"), "utf8"));
  return await verdict(committed, MARGIN, async (wanted, again) => {
    if (again) say("slower than committed: measuring again");
    const results = [];
    for (const key of Object.keys(wanted))
      results.push(
        await runSuite(key, { rounds: again ? 2 * rounds : rounds, wanted: wanted[key], without, withPeaks: false }),
      );
    return results;
  });
}
