// `npm run gpu-check`: tests and times the devices of this machine. Each part runs in a child process with a time
// limit; results are kept, and a second call goes on where the first ended. docs/gpu.md explains it.
import { existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Failure, main, root, say } from "./common.mjs";
import { bundleChecks, checksFile } from "./gpu-check/bundle.mjs";
import { startChild } from "./gpu-check/child.mjs";
import { countDevice, testDevice } from "./gpu-check/device-tests.mjs";
import { describeCard } from "./gpu-check/memory.mjs";
import { pack } from "./gpu-check/pack.mjs";
import { report } from "./gpu-check/report.mjs";
import { rows } from "./gpu-check/rows.mjs";
import { State } from "./gpu-check/state.mjs";
import { ours, timeSide, torch } from "./gpu-check/timing.mjs";

const NAMES = ["cuda", "webgpu", "cpu"];
/** Shares of the time: the tests of a device, at most. */
const TEST_SHARE = { cuda: 0.25, webgpu: 0.25, cpu: 0.08 };

function readOptions() {
  const { values } = parseArgs({
    options: {
      devices: { type: "string", default: NAMES.join() },
      minutes: { type: "string", default: "8" },
      out: { type: "string", default: join(root, "results", "gpu-check") },
      cases: { type: "string", default: join(root, "test", "golden", "cases") },
      fresh: { type: "boolean", default: false },
      pack: { type: "string" },
    },
  });
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Failure(`--minutes is ${values.minutes}, expected a number above 0.`);
  const devices = values.devices.split(",");
  const unknown = devices.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new Failure(`--devices names ${unknown}, expected some of ${NAMES.join(", ")}.`);
  const cases = existsSync(values.cases) ? resolve(values.cases) : undefined;
  return { ...values, minutes, devices: NAMES.filter((name) => devices.includes(name)), cases };
}

/** What a device is, found by a child process: a driver may crash. */
async function probe(name) {
  try {
    const child = await startChild(process.execPath, [join(root, "scripts", "gpu-check", "devices.mjs"), name], {
      seconds: 90,
    });
    await child.stop();
    return child.about;
  } catch (error) {
    return { name, available: false, detail: `the process of init ${error.message}` };
  }
}

/** The columns of the table. */
function sidesOf(devices) {
  const hardware = devices.some(({ name, available, kind }) => available && name !== "cpu" && kind !== "software");
  const all = devices
    .filter(({ available }) => available)
    .flatMap(({ name, kind, tf32, precisions = [] }) => {
      const small = name === "cpu" ? !hardware : kind === "software";
      const heavy = name !== "cpu" || small;
      const settings = { [name]: {}, ...(tf32 && { [`${name}, TF32`]: { tf32: true } }) };
      // In software a type of 16 bits is only slower.
      for (const precision of kind === "software" ? [] : precisions) settings[`${name}, ${precision}`] = { precision };
      return Object.entries(settings).map(([key, more]) => ours(key, { device: name, ...more }, { small, heavy }));
    });
  const peers = describeCard() ? [torch("PyTorch", false), torch("PyTorch, TF32", true)] : [];
  const first = all.filter(({ key }) => key.startsWith("cuda"));
  return [...first, ...peers, ...all.filter((side) => !first.includes(side))];
}

await main(async () => {
  const options = readOptions();
  await bundleChecks();
  if (!existsSync(checksFile)) throw new Failure(`${checksFile} is missing; pack the folder again.`);
  if (options.pack) return await pack(resolve(options.pack), options.cases);
  const start = Date.now();
  const seconds = 60 * options.minutes;
  const end = start + 1000 * seconds;
  const state = new State(options.out, options);
  const { results } = state;
  const save = () => state.save();
  results.card = describeCard();
  results.devices = await Promise.all(options.devices.map(probe));
  results.ended = {};
  for (const device of results.devices.filter(({ available }) => available)) {
    say(`tests on ${device.name}: ${device.detail}`);
    const deadline = Math.min(end, Date.now() + 1000 * TEST_SHARE[device.name] * seconds);
    const tests = (results.tests[device.name] ??= {});
    results.ended[device.name] = await testDevice(device, { cases: options.cases, results: tests, deadline, save });
  }
  results.counts ??= {};
  for (const device of results.devices.filter(({ name, available }) => available && name !== "cpu"))
    if (Date.now() < end) results.counts[device.name] ??= await countDevice(device);
  const sides = sidesOf(results.devices);
  for (const side of sides) {
    say(`times of ${side.key}`);
    await timeSide(side, rows, { results: (results.times[side.key] ??= {}), deadline: end, save });
  }
  save();
  const text = report(results, sides);
  writeFileSync(join(options.out, "gpu-check.md"), text);
  process.stdout.write(
    `\n${text}\n${Math.round((Date.now() - start) / 1000)} s; ${join(options.out, "gpu-check.json")}\n`,
  );
  const wrong = Object.values(results.tests).some((tests) => Object.values(tests).some((test) => test !== null));
  process.exitCode = wrong ? 1 : 0;
});
