import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { init } from "../../ts/runtime/index.js";
import type { DeviceName, DType } from "../../ts/tensor/index.js";
import type { Setting } from "./case-data.js";
import { listCases, readValues } from "./case-files.js";
import { familyOf, runCase, type Family } from "./run-case.js";

export { listCases, readValues } from "./case-files.js";

const HERE = fileURLToPath(new URL(".", import.meta.url));

/** The directory of the cases; ADJOINT_GOLDEN_DIR points to another one of the same format. */
export const directory = process.env.ADJOINT_GOLDEN_DIR || join(HERE, "cases");

/** Where the cases are computed; ADJOINT_GOLDEN_DEVICE and ADJOINT_GOLDEN_DTYPE choose another setting. */
export const setting: Setting = {
  device: (process.env.ADJOINT_GOLDEN_DEVICE || "cpu") as DeviceName,
  dtype: (process.env.ADJOINT_GOLDEN_DTYPE || "float64") as DType,
};

/** The cases that wait for classes of later work; none where another directory is given. */
export const pending: ReadonlySet<string> = process.env.ADJOINT_GOLDEN_DIR
  ? new Set()
  : new Set(
      readFileSync(join(HERE, "pending.txt"), "utf8")
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "" && !line.startsWith("#")),
    );

/** A listed case must fail and any other must pass. */
export async function judge(name: string, waiting: ReadonlySet<string>, run: () => Promise<void>): Promise<void> {
  if (!waiting.has(name)) return await run();
  try {
    await run();
  } catch {
    return;
  }
  throw new Error(`${name}: passes now; take it out of pending.txt`);
}

/** One test for each case of a kind. */
export function goldenTests(family: Family): void {
  const cases = listCases(directory).filter(({ golden }) => familyOf(golden) === family);
  describe(`golden cases: ${family}`, () => {
    beforeAll(() => init({ device: setting.device }));
    if (cases.length === 0) it("has no case in this directory", () => expect(cases).toEqual([]));
    for (const file of cases) {
      it(file.golden.name, () =>
        judge(file.golden.name, pending, () => runCase(file.golden, readValues(file), setting)),
      );
    }
  });
}
