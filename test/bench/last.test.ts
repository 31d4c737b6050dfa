import { describe, expect, it } from "vitest";

interface Ratio {
  fastest: number;
  median: number;
}
interface Section {
  key: string;
  labels: string[];
  rows: {
    name: string;
    label: string;
    ratios: (Ratio | null)[];
    ours?: { min: number; median: number };
    roof?: { share: number };
  }[];
}
const load = async (file: string): Promise<unknown> =>
  await import(new URL(`../../bench/${file}`, import.meta.url).href);
const { ratiosOf } = (await load("last.mjs")) as {
  ratiosOf(sections: Section[]): (Ratio & { suite: string; name: string; label: string; peer: string })[];
};
const { withPlots } = (await load("plots.mjs")) as {
  withPlots(text: string, folder: string): { files: Map<string, string>; text: string };
};

describe("the committed run", () => {
  it("has each ratio by suite, case and peer, without the peer's version", () => {
    const rows = [{ name: "dncnn", label: "DnCNN", ratios: [null, { fastest: 0.4, median: 0.5, max: 1 }] }];
    expect(ratiosOf([{ key: "native", labels: ["adjoint", "burn", "PyTorch 2.15.0, 2 threads"], rows }])).toEqual([
      { suite: "native", name: "dncnn", label: "DnCNN", peer: "PyTorch", fastest: 0.4, median: 0.5 },
    ]);
  });

  it("has the share of the machine's peak, of the fastest round and of the median", () => {
    const row = { name: "fft", label: "FFT", ratios: [], ours: { min: 1, median: 2 }, roof: { share: 0.5 } };
    expect(ratiosOf([{ key: "native", labels: ["adjoint"], rows: [row] }])).toEqual([
      {
        suite: "native",
        name: "fft",
        label: "FFT",
        peer: "share of the peak (more is better)",
        fastest: 0.5,
        median: 0.25,
      },
    ]);
  });

  it("takes parts without ratios", () => {
    expect(ratiosOf([{ key: "size", labels: [], rows: [] }])).toEqual([]);
  });
});

describe("plots", () => {
  const report = [
    "### Add-on",
    "| case | adjoint | ratio to PyTorch 2.15.0, 2 threads: min / median / max; fastest rounds |\n" +
      "| --- | --- | --- |\n" +
      "| a < b | 1.0 ms | 0.4 / 0.5 / 0.6; 0.45 |\n| slow | 1.0 ms | 1.4 / 1.5 / 1.6; 1.45 |",
    "### Growth",
    "| growth with the batch | adjoint: fastest step, cost per pixel | adjoint: share |\n| --- | --- | --- |\n" +
      "| batch 1 of 1x64x64 | 3.0 ms, 7 ns | 9 % |\n| batch 2 of 1x64x64 | 6.0 ms, 7 ns | 9 % |",
  ].join("\n\n");
  const { files, text } = withPlots(report, "plots");

  const ratios = "add-on-adjoint-against-pytorch-2-threads.svg";

  it("stand above the tables, and have names without versions", () => {
    expect([...files.keys()]).toEqual([ratios, "growth-with-the-batch.svg"]);
    expect(text).toContain(
      `### Add-on\n\n![Add-on: adjoint against PyTorch 2.15.0, 2 threads](plots/${ratios})\n\n| case`,
    );
  });

  it("have a bar for each ratio, to the left of the line where adjoint is faster", () => {
    const svg = files.get(ratios) as string;
    expect(svg).toContain("a &lt; b");
    const line = Number(/<line x1="([\d.]+)"/.exec(svg)?.[1]);
    const starts = [...svg.matchAll(/<rect x="([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(starts).toHaveLength(2);
    expect(starts[0]).toBeLessThan(line);
    expect(starts[1]).toBe(line);
  });

  it("have a curve for each side, and none for other columns", () => {
    expect(files.get("growth-with-the-batch.svg")).toMatch(/points="70\.0,330\.0 720\.0,60\.0"/);
    expect(files.get("growth-with-the-batch.svg")?.match(/<polyline/g)).toHaveLength(1);
  });
});
