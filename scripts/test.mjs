// `npm test`: installs and builds what is missing, checks and tests everything, and ends with one line: N passed, N
// failed, N skipped. `--bench`: also runs the quick benchmark, which fails if our convolutions became much slower
// relative to burn's. `--fuzz`: also makes random calls.
import { createRequire } from "node:module";
import { join } from "node:path";
import { buildNative, buildTs } from "./build.mjs";
import { buildWasm } from "./build-wasm.mjs";
import { Failure, must, root, run, say, tsc } from "./common.mjs";
import { lint } from "./lint.mjs";
import { setup } from "./setup.mjs";
import { runVitest } from "./vitest.mjs";

const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

/** What failed, with the beginning of its message: printed at the end, where it is found. */
const details = [];

/** Seconds that each part took. */
const seconds = new Map();

/** Runs a part and notes its time. */
async function timed(name, work) {
  const start = performance.now();
  try {
    return await work();
  } finally {
    seconds.set(name, (performance.now() - start) / 1000);
  }
}

/** A step that is not a test: it counts only if it fails. Returns whether it succeeded. */
async function step(name, work) {
  try {
    await timed(name, work);
    return true;
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Failure ? error.message : error.stack}\n`);
    fail(name);
    return false;
  }
}

function fail(name) {
  failures.push(name);
  total.failed += 1;
}

/** Runs cargo's tests and sums its "test result:" lines. */
async function cargoTest() {
  say("Rust tests");
  let text = "";
  const code = await run("cargo", ["test", "--release", "--no-fail-fast"], { onText: (chunk) => (text += chunk) });
  let failed = 0;
  for (const [, passed, wrong, ignored] of text.matchAll(
    /^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored/gm,
  )) {
    total.passed += Number(passed);
    total.skipped += Number(ignored);
    failed += Number(wrong);
  }
  total.failed += failed;
  for (const [, name] of text.matchAll(/^test (.+) \.\.\. FAILED$/gm)) details.push(`Rust test: ${name}`);
  if (failed > 0) failures.push(`${failed} Rust tests`);
  else if (code !== 0) fail("cargo test");
}

/** Type-checks sources and tests. */
async function typeCheck() {
  say("types");
  for (const config of ["tsconfig.json", "tsconfig.test.json"]) {
    if ((await run(process.execPath, [tsc, "--noEmit", "-p", config])) !== 0) fail(`types (${config})`);
  }
}

/** Runs vitest and adds its sums to the totals. */
async function vitest(title, tests = [], env = {}) {
  say(title);
  const sums = await runVitest(title, tests, env);
  for (const state of ["passed", "failed", "skipped"]) total[state] += sums[state];
  details.push(...sums.details);
  if (sums.failed > 0) failures.push(`${sums.failed} of the ${title}`);
}

/** `12 min 05 s` */
function formatSeconds(time) {
  const whole = Math.round(time);
  return `${String(Math.floor(whole / 60)).padStart(3)} min ${String(whole % 60).padStart(2, "0")} s`;
}

/**
 * Random calls, for less than a minute with the start of the processes. Those of a fixed seed must all behave; what a
 * fresh seed finds is printed, with the line that repeats it, for the next change, as it says nothing about this one.
 */
async function fuzz() {
  const calls = async (how, ...more) => await how(process.execPath, [join(root, "scripts", "fuzz.mjs"), ...more]);
  await calls(must, "--groups", "tensor,functional", "--minutes", "0.15", "--seed", "1");
  if ((await calls(run, "--minutes", "0.4")) !== 0) say("a fresh seed found something: see above");
}

/** All TypeScript tests, and the reference cases again in float32 and on each GPU that is there. */
async function typeScriptTests() {
  await vitest("TypeScript tests");
  await vitest("reference cases in float32", ["test/golden"], { ADJOINT_GOLDEN_DTYPE: "float32" });
  const addon = createRequire(import.meta.url)(join(root, "dist", "native", "adjoint-gpu.node"));
  for (const { name, available, detail } of JSON.parse(addon.devices())) {
    if (name === "cpu") continue;
    if (available)
      await vitest(`reference cases on ${name}`, ["test/golden"], {
        ADJOINT_GOLDEN_DTYPE: "float32",
        ADJOINT_GOLDEN_DEVICE: name,
      });
    else {
      say(`skipped: reference cases on ${name}: ${detail}`);
      total.skipped += 1;
    }
  }
}

if (await step("setup", () => setup())) {
  // Beside the add-ons: compiling the modules leaves half of two cores idle, and their output has folders of its own.
  const wasm = step("build of the WebAssembly module", buildWasm);
  const gpu = await step("build of the add-on with GPUs", async () => await buildNative("gpu"));
  await timed("Rust tests", cargoTest);
  const cpu = await step("build of the add-on for the CPU", async () => await buildNative("cpu"));
  // Before the facade is built, which updates generated files.
  await step("lint", () => lint({ quick: true }));
  const ready = cpu && gpu && (await step("build of the facade", buildTs));
  await wasm;
  await timed("types", typeCheck);
  // Before the tests, so that their results end the log.
  if (ready && process.argv.includes("--bench"))
    await step("quick benchmark", () =>
      must(process.execPath, [join(root, "bench", "run.mjs"), "--quick", "--no-build"]),
    );
  if (ready && process.argv.includes("--fuzz")) await step("fuzzing", fuzz);
  if (ready) await timed("TypeScript tests", typeScriptTests);
  else fail("TypeScript tests (not run: nothing was built)");
}
process.stdout.write("\ntimes (the WebAssembly module is built beside the add-ons)\n");
for (const [name, time] of seconds) process.stdout.write(`${name.padEnd(34)}${formatSeconds(time)}\n`);
for (const text of details) process.stdout.write(`\nfailed ${text}\n`);
if (failures.length > 0) process.stdout.write(`\nfailed: ${failures.join(", ")}\n`);
process.stdout.write(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exitCode = total.failed > 0 ? 1 : 0;
