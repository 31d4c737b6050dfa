import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

interface Peaks {
  threads: number;
  flops: number;
  bandwidths: { bytes: number; perSecond: number }[];
}
interface Case {
  label: string;
  work?: { flops: number; bytes: number };
}
const load = async (file: string): Promise<unknown> =>
  await import(new URL(`../../bench/${file}`, import.meta.url).href);
const { roof, roofCell } = (await load("roofline.mjs")) as {
  roof(work: object, seconds: number, peaks: object): { bound: string; share: number };
  roofCell(row: object): string;
};
const { measurePeaks } = (await load("peak/peak.mjs")) as { measurePeaks(threads: number): Peaks | undefined };
const { cases } = (await load("cases.mjs")) as { cases: Record<string, Case> };

const peaks = {
  flops: 100,
  bandwidths: [
    { bytes: 8, perSecond: 40 },
    { bytes: 64, perSecond: 10 },
  ],
};

describe("roof", () => {
  it("is bound by what takes longer at the peak", () => {
    expect(roof({ flops: 100, bytes: 8 }, 2, peaks)).toEqual({ bound: "FMA", share: 0.5 });
    expect(roof({ flops: 100, bytes: 40 }, 8, peaks)).toEqual({ bound: "memory", share: 0.5 });
  });

  it("takes the bandwidth of a triad that is as large, and of the largest for more", () => {
    const shareOf = (bytes: number) => roof({ flops: 0, bytes }, 1, peaks).share;
    expect([4, 8, 9, 640].map(shareOf)).toEqual([0.1, 0.2, 0.9, 64]);
  });

  it("has no cell where the work is not counted", () => {
    expect(roofCell({})).toBe("-");
    const row = { work: { flops: 2.5e9, bytes: 3e6 }, roof: { bound: "FMA", share: 0.456 } };
    expect(roofCell(row)).toBe("2.5 GFLOP, 3 MB: 46 % of FMA");
  });
});

describe("the peaks of the machine", () => {
  const hasRust = spawnSync("rustc", ["--version"]).status === 0;

  it.runIf(hasRust)("are measured by a program that compiles here", { timeout: 60_000 }, () => {
    const { threads, flops, bandwidths } = measurePeaks(1) as Peaks;
    expect(threads).toBe(1);
    expect(flops).toBeGreaterThan(0);
    expect(bandwidths.map(({ bytes }) => bytes / 2 ** 20)).toEqual([1, 4, 16, 64, 512]);
    for (const { perSecond } of bandwidths) expect(perSecond).toBeGreaterThan(0);
  });
});

describe("cases", () => {
  it("say what work they do, but for those of the overhead of operators", () => {
    const without = Object.entries(cases).filter(([, { work }]) => !work);
    expect(without.map(([name]) => name)).toEqual(["operators", "eager"]);
    for (const { label, work } of Object.values(cases))
      if (work) expect([label, work.bytes > 0, Number.isFinite(work.flops)]).toEqual([label, true, true]);
  });
});
