// Runs the device tests of a device in child processes.
import { join } from "node:path";
import { root } from "../common.mjs";
import { NoAnswer, startChild } from "./child.mjs";

/** Seconds until a device has started: drivers compile. */
const START_SECONDS = 60;
/** Seconds of one test: each compiles kernels, and tunes them. */
const TEST_SECONDS = 60;
/** The result of a test that was not run for lack of time. */
export const NOT_REACHED = "not reached";
/** So many crashes of a device end its tests. */
const MOST_CRASHES = 5;

/**
 * Runs the tests that `results`, what is wrong by name, lacks, until `deadline` (milliseconds). Returns a sentence
 * where the device ended the tests.
 */
export async function testDevice({ name: device, kind = "" }, { cases = "", results, deadline, save }) {
  const args = [join(root, "scripts", "gpu-check", "checks.mjs"), device, cases, kind];
  const start = async () => await startChild(process.execPath, args, { seconds: START_SECONDS });
  let child;
  let crashes = 0;
  try {
    child = await start();
    const { names } = child.about;
    for (const name of names) if (!(name in results)) results[name] = NOT_REACHED;
    for (const name of names) {
      if (results[name] !== NOT_REACHED) continue;
      if (Date.now() > deadline) return undefined;
      try {
        results[name] = await child.ask(name, TEST_SECONDS);
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        results[name] = `the process ${error.message}`;
        child = undefined;
        if (++crashes === MOST_CRASHES) return `${crashes} tests ended their process; the others were not run`;
        child = await start();
      }
      save();
    }
    return undefined;
  } catch (error) {
    if (error instanceof NoAnswer) return `the device did not start: ${error.message}`;
    throw error;
  } finally {
    await child?.stop();
  }
}

/** What operators take on a device, by the names of their tests; undefined where the device does not answer. */
export async function countDevice({ name: device, kind = "" }) {
  const args = [join(root, "scripts", "gpu-check", "checks.mjs"), device, "", kind];
  let child;
  try {
    child = await startChild(process.execPath, args, { seconds: START_SECONDS });
    return await child.ask("counts", 2 * TEST_SECONDS);
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
    return undefined;
  } finally {
    await child?.stop();
  }
}
