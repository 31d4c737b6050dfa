import { describe, expect, it } from "vitest";

const load = async (path: string): Promise<unknown> => await import(new URL(`../../${path}`, import.meta.url).href);
const { init } = (await load("dist/index.js")) as { init(): Promise<unknown> };
const { checkPrograms, programCases } = (await load("bench/program-cases.mjs")) as {
  checkPrograms(): Promise<Record<string, number[]>>;
  programCases: Record<string, unknown>;
};

describe("programs that are compared with those of PyTorch", () => {
  it("give the same numbers at each call, and learn", { timeout: 60_000 }, async () => {
    await init();
    const results = await checkPrograms();
    expect(await checkPrograms()).toEqual(results);
    for (const name of Object.keys(programCases)) {
      const [before, after] = ["loss", "after"].map((what) => results[`${name}: ${what}`]?.[0] as number);
      expect(after).toBeLessThan(before as number);
      const gradient = results[`${name}: gradient`] as number[];
      expect(gradient.some((value) => value !== 0)).toBe(true);
      expect(gradient.every(Number.isFinite)).toBe(true);
    }
  });
});
