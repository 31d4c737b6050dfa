import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import * as metrics from "../../ts/metric/index.js";
import { Pansharpen, TensorList } from "../../ts/physics/index.js";
import { init } from "../../ts/runtime/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import { image } from "./images.js";

beforeAll(() => init({ device: "cpu" }));

/** The values of deepinv 0.5.0, written by fixtures/make.py. */
interface Case {
  readonly metric: "HaarPSI" | "GMSD" | "BlurStrength" | "SharpnessIndex" | "MSSSIM" | "QNR" | "RecoveryCoefficient";
  readonly options: object;
  readonly shape: readonly number[];
  readonly seed: number;
  readonly dtype: "float32" | "float64";
  readonly values: readonly number[];
}
const file = new URL("fixtures/deepinv.json", import.meta.url);
const cases = JSON.parse(readFileSync(file, "utf8")) as readonly Case[];

/** Value of a metric for the inputs of a case, in a precision of ours. */
function value({ metric, options, shape, seed }: Case, dtype: "float32" | "float64"): number[] {
  const made = new metrics[metric](options);
  const of = (number: number, size: readonly number[]): Tensor => image(number, size).to(dtype);
  if (made instanceof metrics.QNR) {
    const [, bands = 0, side = 0] = shape;
    const y = new TensorList([of(1, [1, bands, side / 4, side / 4]), of(2, [1, 1, side, side])]);
    const physics = new Pansharpen({ imgSize: shape.slice(1), factor: 4 });
    return [...made.forward(of(3, shape), undefined, { y, physics }).dataSync()];
  }
  const mask = image(3, shape).gt(0.5);
  return [...made.forward(of(seed, shape), made.needsReference ? of(2, shape) : undefined, { mask }).dataSync()];
}

describe("values of deepinv", () => {
  it.each(cases.map((row) => [`${row.metric} ${JSON.stringify(row.options)} [${row.shape.join(", ")}]`, row] as const))(
    "%s",
    (_, row) => {
      for (const dtype of ["float64", "float32"] as const) {
        const got = value(row, dtype);
        // deepinv computes some of it in float32, of SharpnessIndex the frequencies.
        const exact = dtype === "float64" && row.dtype === "float64" && row.metric !== "SharpnessIndex";
        const tolerance = exact ? 1e-9 : 1e-5;
        expect(got.length).toBe(row.values.length);
        row.values.forEach((expected, i) =>
          expect(Math.abs((got[i] as number) - expected)).toBeLessThan(tolerance * Math.max(1, Math.abs(expected))),
        );
      }
    },
  );
});
