import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { init } from "../../ts/runtime/index.js";
import { CaseData } from "./case-data.js";
import { compare } from "./compare.js";
import type { Values } from "./format.js";
import { QUIRKS } from "./quirks.js";
import { directory, judge, listCases, pending, readValues, setting } from "./suite.js";

// In these cases the reference is wrong: the result must be what the mathematics says, and not the reference's.
const folder = join(directory, "quirks");
const cases = existsSync(folder) ? listCases(folder).filter(({ golden }) => QUIRKS[golden.name]) : [];

describe("golden cases: quirks of the reference", () => {
  beforeAll(() => init({ device: setting.device }));
  if (cases.length === 0) it("has no case in this directory", () => expect(cases).toEqual([]));

  for (const file of cases) {
    const { golden } = file;
    const name = `quirks/${basename(file.path, ".json")}`;
    it(name, () =>
      judge(name, pending, async () => {
        const data = new CaseData(golden, readValues(file), setting);
        const rule = QUIRKS[golden.name];
        for (const { label, key, got, right } of rule?.(data) ?? []) {
          const result: Values = { shape: got.shape, data: Float64Array.from(await got.data()) };
          const truth: Values =
            "dtype" in right ? { shape: right.shape, data: Float64Array.from(await right.data()) } : right;
          compare(golden, label, key, result, truth);
          expect(
            () => compare(golden, label, key, result, data.raw(key)),
            `${label}: the reference's wrong value`,
          ).toThrow("is wrong");
        }
      }),
    );
  }
});
