import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

type Committed = Record<string, Record<string, number>>;
type Wanted = Record<string, string[]>;
interface Result {
  key: string;
  rows: { name: string; ratios: ({ fastest: number } | null)[] }[];
}
const folder = new URL("../../bench/", import.meta.url);
const { verdict } = (await import(new URL("verdict.mjs", folder).href)) as {
  verdict(
    committed: Committed,
    margin: number,
    measure: (wanted: Wanted, again: boolean) => Promise<Result[]>,
  ): Promise<{ results: Result[]; slow: string[] }>;
};

const committed = { native: { small: 0.2, large: 0.3 }, node: { small: 0.4 } };

/** A measurement that returns `rounds`, one object per call: ratios by suite and case. Records its arguments. */
function measured(...rounds: Committed[]) {
  const calls: { wanted: Wanted; again: boolean }[] = [];
  const measure = async (wanted: Wanted, again: boolean): Promise<Result[]> => {
    const ratios = rounds[calls.push({ wanted, again }) - 1] as Committed;
    return Object.keys(wanted).map((key) => ({
      key,
      rows: wanted[key]!.map((name) => ({ name, ratios: [{ fastest: ratios[key]![name]! }] })),
    }));
  };
  return { calls, measure };
}

describe("the quick mode's verdict", () => {
  it("measures once if nothing is slower", async () => {
    const { calls, measure } = measured({ native: { small: 0.29, large: 0.1 }, node: { small: 0.59 } });
    const { results, slow } = await verdict(committed, 1.5, measure);
    expect(slow).toEqual([]);
    expect(results.length).toBe(2);
    expect(calls).toEqual([{ wanted: { native: ["small", "large"], node: ["small"] }, again: false }]);
  });

  it("measures only what is slower again; the second time counts", async () => {
    const { calls, measure } = measured(
      { native: { small: 0.9, large: 0.1 }, node: { small: 0.4 } },
      { native: { small: 0.2 } },
    );
    const { slow } = await verdict(committed, 1.5, measure);
    expect(slow).toEqual([]);
    expect(calls[1]).toEqual({ wanted: { native: ["small"] }, again: true });
    expect(calls.length).toBe(2);
  });

  it("reports each case that is slower twice: suite, case, ratio, limit", async () => {
    const { measure } = measured(
      { native: { small: 0.9, large: 0.5 }, node: { small: 0.7 } },
      { native: { small: 0.8, large: 0.3 }, node: { small: 0.61 } },
    );
    const { slow } = await verdict(committed, 1.5, measure);
    expect(slow).toEqual([
      "native, small: ours takes 0.80 of burn's time; committed is 0.2, the limit 0.30",
      "node, small: ours takes 0.61 of burn's time; committed is 0.4, the limit 0.60",
    ]);
  });

  it("does not pass if a side or a whole suite is missing", async () => {
    const none = async (wanted: Wanted): Promise<Result[]> =>
      Object.keys(wanted).map((key) => ({ key, rows: wanted[key]!.map((name) => ({ name, ratios: [null] })) }));
    await expect(verdict(committed, 1.5, none)).rejects.toThrow("small, large was not measured");
    await expect(verdict(committed, 1.5, async () => [])).rejects.toThrow("small, large was not measured");
  });

  it("has committed ratios below 1, even with the margin", () => {
    const ratios = Object.values(JSON.parse(readFileSync(new URL("quick.json", folder), "utf8")) as Committed).flatMap(
      (suite) => Object.values(suite),
    );
    expect(ratios.length).toBeGreaterThan(2);
    // A kernel as slow as burn's must fail.
    for (const ratio of ratios) expect(1.5 * ratio).toBeLessThan(1);
  });
});
