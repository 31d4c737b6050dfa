import { describe, expect, it } from "vitest";
import { MSE, PSNR } from "../../ts/metric/index.js";
import { EarlyStopping } from "../../ts/train/early-stopping.js";
import type { EarlyStop } from "../../ts/train/index.js";

const metrics = [new PSNR(), new MSE()];

/** Whether to stop after each of some evaluations. */
function decisions(options: EarlyStop | undefined, means: Record<string, number>[]): boolean[] {
  const stopping = new EarlyStopping(options, metrics);
  return means.map((values) => stopping.update(values));
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

  it("never stops without options", () => {
    expect(decisions(undefined, [{ PSNR: 20 }, { PSNR: 1 }, { PSNR: 1 }])).toEqual([false, false, false]);
  });

  it("continues from its state", () => {
    const first = new EarlyStopping({ patience: 2 }, metrics);
    expect([20, 19].map((PSNR) => first.update({ PSNR }))).toEqual([false, false]);
    const second = new EarlyStopping({ patience: 2 }, metrics);
    second.loadState(first.state());
    expect(second.update({ PSNR: 19.5 })).toBe(true);
  });

  it("refuses a metric that is not measured", () => {
    expect(() => new EarlyStopping({ patience: 1, metric: "SSIM" }, metrics)).toThrow("expected one of PSNR, MSE.");
  });
});
