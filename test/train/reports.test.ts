import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MSE, PSNR } from "../../ts/metric/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import {
  evaluate,
  htmlReport,
  lineChart,
  progressDisplay,
  trainingCharts,
  type HistoryEntry,
  type Progress,
} from "../../ts/train/index.js";
import { constants, Gain, gainTrainer } from "./gain.js";

let folder: string;
beforeAll(async () => {
  await init({ device: "cpu" });
  folder = await mkdtemp(join(tmpdir(), "adjoint-reports-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

describe("what a Trainer reports", () => {
  it("by default at every tenth step and at the last one", async () => {
    const steps: number[] = [];
    const { trainer } = gainTrainer({ epochs: 25, onProgress: ({ step }) => void steps.push(step) });
    await trainer.train();
    expect(steps).toEqual([10, 20, 25]);
  });

  it("means over the steps since the report before", async () => {
    // Images of the values 1, 2, ... without noise: w y against x has the loss (w - 1)^2 y^2.
    const { model, trainer } = gainTrainer({ trainData: constants(6), readEvery: 3, metrics: [new MSE()] });
    model.weight.assign_(model.weight.detach().mul(2));
    const history = await trainer.train();
    const squares = model.seen.map(({ y }) => (y[0] as number) ** 2);
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(history.map(({ loss }) => loss)).toEqual([mean(squares.slice(0, 3)), mean(squares.slice(3))]);
    expect(history.map(({ losses }) => losses?.["SupLoss"])).toEqual(history.map(({ loss }) => loss));
    // The metric is that of the last batch.
    expect(history.map(({ trainMetrics }) => trainMetrics?.["MSE"])).toEqual([squares[2], squares[5]]);
  });

  it("a metric of several images is their mean", async () => {
    const { model, trainer } = gainTrainer({ trainData: constants(2), batchSize: 2, metrics: [new MSE()] });
    model.weight.assign_(model.weight.detach().mul(2));
    expect((await trainer.train()).at(-1)?.trainMetrics).toEqual({ MSE: (1 + 4) / 2 });
  });

  it("speed in images and time left in steps", async () => {
    const seen: Progress[] = [];
    const { trainer } = gainTrainer({
      trainData: constants(12),
      batchSize: 4,
      epochs: 4,
      readEvery: 3,
      onProgress: (state) => void seen.push(state),
    });
    await trainer.train();
    expect(seen.map(({ step, steps }) => [step, steps])).toEqual([3, 6, 9, 12].map((step) => [step, 12]));
    // Images per second times seconds per step are the images of a step.
    for (const { imagesPerSecond, secondsLeft, step } of seen.slice(0, -1))
      expect((imagesPerSecond * secondsLeft) / (12 - step)).toBeCloseTo(4, 6);
    expect(seen.at(-1)?.secondsLeft).toBe(0);
  });

  it("writes a checkpoint every 500 steps by default", async () => {
    const path = join(folder, "every-500");
    const there = new Map<number, boolean>();
    const onProgress = ({ step }: Progress) => void there.set(step, existsSync(path));
    await gainTrainer({ epochs: 502, readEvery: 1, checkpoint: { path }, onProgress }).trainer.train();
    expect([499, 500, 501].map((step) => there.get(step))).toEqual([false, false, true]);
  });
});

describe("evaluate", () => {
  it("measures reconstruction and measurement of each image in evaluation mode, and restores the mode", async () => {
    for (const training of [true, false]) {
      const model = new Gain();
      model.weight.assign_(model.weight.detach().mul(3));
      model.train(training);
      const batches: [number[], number[], number[]][] = [];
      const list = (t: Tensor) => Array.from(t.dataSync());
      const result = await evaluate({
        model,
        physics: new Denoising({ noiseModel: new GaussianNoise({ sigma: 1 }) }),
        data: constants(2),
        metrics: [new MSE(), new PSNR({ reduction: "mean" })],
        rng: new Rng(1),
        onBatch: async ({ x, y, xNet }) => void batches.push([list(x), list(y), list(xNet)]),
      });
      expect(model.training).toBe(training);
      expect(model.seen.map((call) => call.training)).toEqual([false, false]);
      expect(batches.map(([x]) => x)).toEqual([
        [1, 1],
        [2, 2],
      ]);
      expect(batches.map(([, y]) => y)).toEqual(model.seen.map(({ y }) => y));
      const mse = (a: number[], b: number[]) => a.reduce((sum, v, i) => sum + (v - (b[i] as number)) ** 2, 0) / 2;
      const [net, measured] = [batches.map(([x, , xNet]) => mse(xNet, x)), batches.map(([x, y]) => mse(y, x))];
      for (const [got, expected] of [
        [result.metrics["MSE"], net],
        [result.measurement["MSE"], measured],
      ] as const) {
        const [a, b] = expected as [number, number];
        expect(got?.values).toHaveLength(2);
        got?.values.forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 4));
        expect(got?.mean).toBeCloseTo((a + b) / 2, 4);
        // Of two values, with the divisor 2.
        expect(got?.std).toBeCloseTo(Math.abs(a - b) / 2, 4);
      }
      expect(result.metrics["PSNR"]?.values).toHaveLength(2);
    }
  });
});

describe("charts, pages and progress", () => {
  const numbers = (text: string): number[] => (text.match(/-?\d+(\.\d+)?/g) ?? []).map(Number);

  it("a chart has larger values higher up, and its labels within the range", () => {
    const points = [
      { x: 0, y: 0.15 },
      { x: 1, y: 1 },
    ];
    const svg = lineChart({ title: "t", xLabel: "x", yLabel: "y", series: [{ label: "s", points }] });
    const [x0, y0, x1, y1] = numbers(/<path class="s0" d="([^"]*L[^"]*)"/.exec(svg)?.[1] ?? "") as [
      number,
      number,
      number,
      number,
    ];
    expect(x1).toBeGreaterThan(x0);
    expect(y1).toBeLessThan(y0);
    const labels = [...svg.matchAll(/text-anchor="end">([^<]*)</g)].map(([, text]) => Number(text));
    expect(labels).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
  });

  /** Labels of the vertical axis, from below. */
  const ticks = (svg: string): string[] =>
    [...svg.matchAll(/text-anchor="end">([-\d.e]+)</g)].map(([, text]) => text ?? "");
  const chart = (values: readonly number[], more: object = {}): string => {
    const points = values.map((y, x) => ({ x, y }));
    return lineChart({ title: "t", xLabel: "x", yLabel: "y", series: [{ label: "s", points }], ...more });
  };
  /** The heights of the first curve, as shares of the whole axis from below. */
  const heightsOf = (svg: string): number[] => {
    const ys = numbers(/<path class="s0" d="([^"]*L[^"]*)"/.exec(svg)?.[1] ?? "").filter((_, i) => i % 2 === 1);
    // A legend takes one row.
    return ys.map((y) => (254 - y) / (254 - 54));
  };

  it.each([
    [
      [0.01, 1],
      ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1"],
    ],
    [
      [0.0011, 0.42],
      ["0.002", "0.005", "0.01", "0.02", "0.05", "0.1", "0.2"],
    ],
    [
      [1e-5, 20],
      ["1e-5", "0.001", "0.1", "10"],
    ],
    [
      [1e-12, 1e12],
      ["1e-12", "1e-7", "0.01", "1000", "1e8"],
    ],
    [
      [0.11, 0.19],
      ["0.12", "0.14", "0.16", "0.18"],
    ],
  ])("the ticks of a logarithmic axis are round: %j", (values, expected) => {
    expect(ticks(chart(values, { logarithmic: true }))).toEqual(expected);
  });

  it("takes a logarithmic axis by itself for positive values of different sizes only", () => {
    const isLogarithmic = (values: readonly number[]): boolean =>
      chart(values, { logarithmic: "auto" }).includes("y (log)");
    expect(
      [
        [0.1, 0.5],
        [0.1, 0.3],
        [-0.1, 0.5],
        [0, 5],
      ].map(isLogarithmic),
    ).toEqual([true, false, false, false]);
  });

  it("is not flattened by the first losses, says so, and shows all values where none is far", () => {
    const losses = [80, 3, ...Array.from({ length: 38 }, (_, i) => 0.5 - i / 40)];
    const svg = chart(losses, { robust: true });
    const later = heightsOf(svg).slice(2);
    expect(Math.max(...later) - Math.min(...later)).toBeGreaterThan(0.7);
    expect(heightsOf(svg)[0]).toBe(1);
    expect(svg).toMatch(/>2 above [\d.]+, up to 80</);
    // Without the option, these take a hundredth of the axis.
    const flat = heightsOf(chart(losses)).slice(2);
    expect(Math.max(...flat) - Math.min(...flat)).toBeLessThan(0.02);
    expect(chart(losses.slice(2), { robust: true })).not.toMatch(/above|below/);
  });

  it("draws references as dashed lines with their names, within the axis", () => {
    const svg = chart([20, 25], { references: [{ label: "noisy: 18", y: 18 }] });
    expect(svg).toMatch(/class="reference" .*y1="254.0"/);
    expect(svg).toContain(">noisy: 18<");
  });

  it("legends go to the next row where they do not fit", () => {
    const series = ["a".repeat(30), "b".repeat(30), "c"].map((label) => ({ label, points: [{ x: 0, y: 0 }] }));
    const svg = lineChart({ title: "t", xLabel: "x", yLabel: "y", series });
    expect([...svg.matchAll(/d="M(\d+) (\d+)h18"/g)].map(([, x, y]) => [x, y])).toEqual([
      ["80", "36"],
      ["80", "56"],
      ["366", "56"],
    ]);
  });

  it("a training has its loss, its metric against the measurement, and a learning rate that changes", () => {
    const history: HistoryEntry[] = Array.from({ length: 100 }, (_, i) => ({
      step: i + 1,
      epoch: 0,
      loss: 1 / (i + 1),
      trainMetrics: { PSNR: 20 + i / 20 },
      learningRate: i < 50 ? 1e-3 : 1e-4,
    }));
    const charts = trainingCharts(history, { measurement: { PSNR: 19.5 } });
    const titles = charts.map((svg) => /aria-label="([^"]*)"/.exec(svg)?.[1]);
    expect(titles).toEqual(["Loss during training", "PSNR of training batches", "Learning rate"]);
    expect(charts[0]).toContain("loss (log)");
    expect(charts[0]).toContain('class="s0 faint"');
    expect(charts[1]).toContain("measurement: 19.5");
    expect(charts[2]).toContain(">1e-4<");
    const constant = history.map((entry) => ({ ...entry, learningRate: 1e-3 }));
    expect(trainingCharts(constant)).toHaveLength(2);
  });

  it("the share of a scheduled loss is of the steps since the entry before", () => {
    const history: HistoryEntry[] = [
      { step: 10, epoch: 0, loss: 1, active: { A: 10 } },
      { step: 20, epoch: 0, loss: 1, active: { A: 5, B: 5 } },
      { step: 30, epoch: 0, loss: 1, active: { A: 10 } },
    ];
    const charts = trainingCharts(history);
    expect(charts).toHaveLength(2);
    const heights = (index: number): number[] =>
      numbers(new RegExp(`<path class="s${index}" d="([^"]*L[^"]*)"`).exec(charts[1] as string)?.[1] ?? "").filter(
        (_, i) => i % 2 === 1,
      );
    const [a, b] = [heights(0), heights(1)];
    // Shares of A are 1, 1/2, 1 and of B 0, 1/2, 0.
    expect(a[2]).toBe(a[0]);
    expect(b[2]).toBe(b[0]);
    expect(a[1]).toBe(b[1]);
    expect((a[1] as number) - (a[0] as number)).toBeCloseTo((b[0] as number) - (b[1] as number), 6);
  });

  it("a page contains its charts, its pictures and its settings", () => {
    const content = { title: "t", intro: "i", tables: [], figures: [], charts: ["<svg>curve</svg>"] };
    const html = htmlReport({ ...content, details: { steps: 10 } });
    expect(html).toContain("<figure><svg>curve</svg></figure>");
    expect(html).toContain("<dt>steps</dt><dd>10</dd>");
  });

  it("without a terminal there is one line for each tenth of the steps", async () => {
    const written: string[] = [];
    const stream = { isTTY: false, write: (text: string) => written.push(text) };
    const display = await progressDisplay({ label: "run", stream: stream as never });
    const state = { epoch: 0, loss: 1, losses: {}, metrics: {}, learningRate: 1, imagesPerSecond: 1, secondsLeft: 1 };
    for (let step = 1; step <= 40; step++) display.update({ ...state, step, steps: 40 });
    display.stop();
    expect(written).toHaveLength(11);
    expect(written.map((line) => line.slice(0, 9).trim())).toEqual(
      [1, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40].map((step) => `run ${step}/40`.slice(0, 9).trim()),
    );
  });
});
