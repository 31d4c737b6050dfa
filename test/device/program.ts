/** What `npm run gpu-check` runs of the tests: bundled, it needs only the compiled library. */
import { currentDevice } from "../../ts/runtime/index.js";
import { SLOW } from "../browser/webgpu-cases.js";
import { listCases, readValues } from "../golden/case-files.js";
import { runCase } from "../golden/run-case.js";
import type { DeviceCheck } from "./check.js";
import { deviceChecks } from "./checks.js";
import { countsOf, type Counts } from "./counts.js";

export { init } from "../../ts/runtime/index.js";

/**
 * All checks of the current device, with the reference cases of a folder if one is given; for a device in software
 * without the slow ones.
 */
export function checksOf(folder: string | undefined, inSoftware: boolean): readonly DeviceCheck[] {
  const all = folder === undefined ? [] : listCases(folder);
  const cases = all.filter(({ golden }) => !inSoftware || !SLOW.has(golden.name));
  return [
    ...deviceChecks,
    ...cases.map((file) => ({
      name: `reference case ${file.golden.name}`,
      run: async () => await runCase(file.golden, readValues(file), { device: currentDevice(), dtype: "float32" }),
    })),
  ];
}

/** What each function that the device checks compare takes on the current device, by its name. */
export function counts(): Readonly<Record<string, Counts>> {
  return Object.fromEntries(
    deviceChecks.flatMap(({ name, compared }) => (compared === undefined ? [] : [[name, countsOf(compared)]])),
  );
}
