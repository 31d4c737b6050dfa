import { describe, expect, it } from "vitest";
import { MSE, PSNR } from "../../ts/metric/index.js";
import { type Evaluated, measureOf } from "../../ts/train/criterion.js";
import { EarlyStopping } from "../../ts/train/early-stopping.js";
import type { Criterion, EarlyStop } from "../../ts/train/index.js";

const everything: Evaluated = { metrics: [new PSNR(), new MSE()], losses: ["SupLoss", "TVLoss"] };
const withoutTruth: Evaluated = { metrics: [], losses: ["SureGaussianLoss", "TVLoss"] };

/** An early stop that looks at `evaluated`. */
const stopping = (options: EarlyStop, evaluated = everything) =>
  new EarlyStopping(options, measureOf("earlyStop", options, evaluated));
const entry = (evalMetrics: Record<string, number>) => ({ step: 1, epoch: 1, evalMetrics });

/** Whether to stop after each of some evaluations. */
function decisions(options: EarlyStop, means: Record<string, number>[]): boolean[] {
  const stop = stopping(options);
  return means.map((values) => stop.update(entry(values)));
}

describe("EarlyStopping", () => {
  it("stops after `patience` evaluations without an improvement; an improvement resets the count", () => {
    const means = [20, 19, 21, 20, 21].map((PSNR) => ({ PSNR }));
    expect(decisions({ patience: 2 }, means)).toEqual([false, false, false, false, true]);
  });

  it("watches the metric by name; of some metrics less is better", () => {
    const means = [
      { PSNR: 20, MSE: 0.3 },
      { PSNR: 19, MSE: 0.2 },
      { PSNR: 21, MSE: 0.25 },
    ];
    expect(decisions({ patience: 1, metric: "MSE" }, means)).toEqual([false, false, true]);
    expect(decisions({ patience: 1 }, means)).toEqual([false, true, false]);
  });

  it("counts only changes above minDelta as an improvement", () => {
    const means = [20, 20.4, 20.6].map((PSNR) => ({ PSNR }));
    expect(decisions({ patience: 1, minDelta: 0.5 }, means)).toEqual([false, true, false]);
  });

  it("continues from its state", () => {
    const first = stopping({ patience: 2 });
    expect([20, 19].map((PSNR) => first.update(entry({ PSNR })))).toEqual([false, false]);
    const second = stopping({ patience: 2 });
    second.loadState(first.state());
    expect(second.update(entry({ PSNR: 19.5 }))).toBe(true);
  });
});

describe("the value that decides", () => {
  it("is the first metric, without ground truth the weighted sum of the losses, or what is named", () => {
    const entry = {
      step: 1,
      epoch: 1,
      evalMetrics: { PSNR: 20, MSE: 0.1 },
      evalLoss: 7,
      evalLosses: { SupLoss: 3, TVLoss: 4, SureGaussianLoss: 5 },
    };
    const cases: [Criterion, Evaluated, string, number, boolean][] = [
      [{}, everything, "PSNR", 20, false],
      [{ metric: "MSE" }, everything, "MSE", 0.1, true],
      [{ loss: "TVLoss" }, everything, "TVLoss", 4, true],
      [{ loss: "total" }, everything, "total", 7, true],
      [{}, withoutTruth, "total", 7, true],
      [{ loss: "SureGaussianLoss" }, withoutTruth, "SureGaussianLoss", 5, true],
      // An inverted metric is better where it is lower.
      [{}, { metrics: [new PSNR({ trainLoss: true })], losses: [] }, "PSNR", 20, true],
    ];
    for (const [wanted, evaluated, name, value, lowerBetter] of cases) {
      const measure = measureOf("best", wanted, evaluated);
      expect([measure.name, measure.of(entry), measure.lowerBetter]).toEqual([name, value, lowerBetter]);
    }
  });

  it.each<[Criterion, Evaluated, RegExp]>([
    [{ metric: "SSIM" }, everything, /best\.metric is SSIM, but expected one of PSNR, MSE\./],
    [{ metric: "PSNR" }, withoutTruth, /evalData has no ground truth; choose a loss instead/],
    [{ loss: "SupLoss" }, withoutTruth, /best\.loss is SupLoss, but expected "total" or one of SureGaussianLoss/],
    [{ loss: "total" }, { metrics: [new PSNR()], losses: [] }, /no loss is evaluated; set evalLosses: true/],
  ])("is refused where it is not measured: %j", (wanted, evaluated, message) => {
    expect(() => measureOf("best", wanted, evaluated)).toThrow(message);
  });

  it.each([Number.NaN, Infinity, -Infinity, undefined])("%s is no value: an error says so", (PSNR) => {
    const measure = measureOf("earlyStop", {}, everything);
    expect(() => measure.of({ step: 1, epoch: 1, evalMetrics: PSNR === undefined ? {} : { PSNR } })).toThrow(
      expect.objectContaining({
        code: "non_finite_evaluation",
        message: expect.stringContaining("no image has a finite value"),
      }),
    );
  });
});
