import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

interface Suite {
  keys: string[];
  threads?: number;
  cases(): Promise<Case[]> | Case[];
}
interface Case {
  name: string;
  label: string;
  steps: number;
  only?: string[];
  of?: string;
}
const load = async (file: string): Promise<unknown> =>
  await import(new URL(`../../bench/${file}`, import.meta.url).href);
const { suites } = (await load("suites.mjs")) as { suites: Record<string, Suite> };
const { openers } = (await load("sides.mjs")) as { openers: Record<string, unknown> };
const { FOLDER, openFolder, picture } = (await load("pictures.mjs")) as {
  FOLDER: string;
  openFolder(): () => Promise<void>;
  picture(side: number, k: number): Float32Array;
};

describe("suites", () => {
  it.each(Object.entries(suites))("%s has sides that can be opened, and cases of different names", async (_, suite) => {
    expect(suite.keys.filter((key) => openers[key] === undefined)).toEqual([]);
    expect(suite.threads).toBeGreaterThan(0);
    const cases = await suite.cases();
    expect(new Set(cases.map(({ name, of }) => `${name} ${of}`)).size).toBe(cases.length);
    for (const { label, steps, only = [] } of cases) {
      expect(label).not.toBe("");
      expect(steps).toBeGreaterThan(0);
      expect(only.filter((key) => !suite.keys.includes(key))).toEqual([]);
      // The first side is ours, which every row has.
      if (only.length > 0) expect(only).toContain(suite.keys[0]);
    }
  });
});

describe("pictures", () => {
  it("differ, are the same each time, and lie in [0, 1]", () => {
    const [one, two] = [picture(64, 0), picture(64, 1)];
    expect(picture(64, 0)).toEqual(one);
    expect(two).not.toEqual(one);
    expect([...one, ...two].every((value) => value >= 0 && value <= 1)).toBe(true);
  });

  it("have a folder, which is removed with what was written into it", async () => {
    const before = process.env[FOLDER];
    const remove = openFolder();
    const folder = process.env[FOLDER] as string;
    try {
      writeFileSync(join(folder, "0.png"), "");
      await remove();
      expect(() => readdirSync(folder)).toThrow("ENOENT");
    } finally {
      rmSync(folder, { recursive: true, force: true });
      if (before === undefined) delete process.env[FOLDER];
      else process.env[FOLDER] = before;
    }
  });
});
