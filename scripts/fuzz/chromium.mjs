// Runs calls in a page of Chromium: on the WebAssembly module, or on WebGPU's software device.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bundle } from "../bundle.mjs";
import { launch } from "../chromium.mjs";
import { serve } from "../serve.mjs";
import { PATIENCE } from "./limits.mjs";

/** Calls that a page makes before it answers. */
const BATCH = 200;
/** Milliseconds after which a batch is ended: a page does not say how long its calls have computed. */
const BATCH_PATIENCE = 120_000;

const page = `<!doctype html>
<title>fuzzing</title>
<link rel="icon" href="data:,">
<script type="module">
  import * as harness from "/harness/harness.js";
  globalThis.harness = harness;
</script>
`;

/** The outcome of a promise, or undefined where it takes longer or fails, as it does once its page has crashed. */
async function within(promise, milliseconds) {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)));
  try {
    return await Promise.race([promise, late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Starts Chromium; `run` is what `runInProcess` is for Node, with random calls only.
 *
 * @param {"cpu" | "webgpu"} device
 */
export async function openChromium(device) {
  const folder = mkdtempSync(join(tmpdir(), "adjoint-fuzz-"));
  mkdirSync(join(folder, "page"));
  writeFileSync(join(folder, "page", "index.html"), page);
  const [browser, program] = await Promise.all([launch({ gpu: device === "webgpu" }), bundle("scripts/fuzz/page.mjs")]);
  const site = await serve({ "/page/": `${join(folder, "page")}/`, "/harness/": `${program.folder}/` });
  let tab;

  async function open(settings) {
    await tab?.close({ runBeforeUnload: false }).catch(() => undefined);
    tab = await browser.newPage();
    await tab.goto(`${site.origin}/page/`);
    await tab.waitForFunction(() => "harness" in globalThis);
    const signatures = JSON.parse(readFileSync(settings.signatures, "utf8"));
    await tab.evaluate(async (given) => await harness.start(given), { ...settings, signatures, device });
  }

  const attempt = async (seed, from, to, patience) =>
    await within(
      tab.evaluate(async (list) => await harness.runCalls(...list), [seed, from, to]),
      patience,
    );

  /** The calls of a batch that ended its page, one by one. */
  async function search(settings, from, to, found) {
    let isFound = false;
    await open(settings);
    for (let index = from; index < to; index++) {
      const records = await attempt(settings.seed, index, index + 1, 3 * PATIENCE);
      if (records === undefined) {
        isFound = true;
        await open(settings);
        const source = await tab.evaluate((list) => harness.textOf(...list), [settings.seed, index]);
        found({ index, source, reason: "the page ended, or the call did not return" });
      } else for (const record of records) found(record);
    }
    const source = `calls ${from} to ${to}`;
    if (!isFound) found({ index: from, source, reason: "together they end the page, or take too long" });
  }

  async function run(settings, found, until) {
    const { seed, from, to } = settings;
    // Memory of earlier calls goes with their page.
    await open(settings);
    let at = from;
    for (; at < to && Date.now() < until; at += BATCH) {
      const end = Math.min(at + BATCH, to);
      const records = await attempt(seed, at, end, BATCH_PATIENCE);
      if (records === undefined) await search(settings, at, end, found);
      else for (const record of records) found(record);
    }
    return { calls: Math.min(at, to) - from };
  }

  async function close() {
    await browser.close();
    await site.close();
    await program.remove();
    rmSync(folder, { recursive: true, force: true });
  }
  return { run, close };
}
