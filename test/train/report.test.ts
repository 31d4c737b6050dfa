import { expect, it } from "vitest";
import { formatDuration } from "../../ts/text/index.js";
import { historyToJsonLines, htmlReport, lineChart } from "../../ts/train/index.js";
import { describeProgress } from "../../ts/train/progress.js";

it("draws a chart with every series, escaped, without points that have no position on the axis", () => {
  const points = [
    { x: 0, y: 1 },
    { x: 1, y: Number.NaN },
    { x: 2, y: 0.01 },
    { x: 3, y: -1 },
  ];
  const svg = lineChart({
    title: "a < b",
    xLabel: "step",
    yLabel: "loss",
    logarithmic: true,
    series: [
      { label: "one & two", points },
      { label: "empty", points: [] },
    ],
  });
  expect(svg).toContain("a &lt; b");
  expect(svg).toContain("one &amp; two");
  expect(svg).toContain("prefers-color-scheme:dark");
  expect(svg).not.toMatch(/NaN|Infinity/);
  // Of "one & two" the points at 0 and 2 remain, from the top of the axis to its bottom.
  const [, top, bottom] = (/d="M80.0 ([\d.]+)L466.0 ([\d.]+)"/.exec(svg)?.map(Number) ?? []) as [
    number,
    number,
    number,
  ];
  expect(top).toBeLessThan(bottom);
  // On the logarithmic axis 0.1 is in the middle; the text is five units lower, so that it stands beside the line.
  expect(svg).toContain(`y="${((top + bottom) / 2 + 5).toFixed(1)}" text-anchor="end">0.1<`);
});

it("makes a self-contained page", () => {
  const html = htmlReport({
    title: "Title <b>",
    intro: "intro",
    tables: [{ caption: "table", columns: ["name", "value"], rows: [["noisy", 20.1]] }],
    figures: [{ caption: "figure", images: [{ label: "png", png: new Uint8Array([1, 2, 3]) }] }],
    charts: [lineChart({ title: "t", xLabel: "x", yLabel: "y", series: [] })],
    details: { steps: 10 },
  });
  expect(html).toContain("data:image/png;base64,AQID");
  expect(html).toContain("Title &lt;b&gt;");
  expect(html.replaceAll("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:\/\/|<script|<link/);
});

it("describes progress and durations", () => {
  const progress = {
    step: 5,
    steps: 10,
    epoch: 0,
    loss: 0.00213,
    losses: {},
    metrics: { PSNR: 27.123 },
    learningRate: 1,
    imagesPerSecond: 811.6,
    secondsLeft: 65,
  };
  expect(describeProgress(progress)).toBe("loss 0.00213  PSNR 27.12 dB  812 images/s  1m05s left");
  expect([formatDuration(3725), formatDuration(-1), formatDuration(59.6)]).toEqual(["1h02m", "0s", "1m00s"]);
  expect(historyToJsonLines([{ step: 1, epoch: 0 }])).toBe('{"step":1,"epoch":0}\n');
});
