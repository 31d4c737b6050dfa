import { functional } from "../../../ts/nn/index.js";
import { Rng } from "../../../ts/random/index.js";
import { gradcheck, gradgradcheck } from "../../../ts/testing/index.js";
import { cat, type Tensor, tidy } from "../../../ts/tensor/index.js";

interface Check {
  readonly f: (...inputs: Tensor[]) => Tensor;
  readonly shapes: readonly (readonly number[])[];
}

/** Functions from each family of operators, whose first and second derivatives are checked in float64. */
export const checks: Readonly<Record<string, Check>> = {
  arithmetic: {
    f: (a, b) =>
      a
        .mul(b)
        .add(b.div(a.square().add(1)))
        .sub(a),
    shapes: [[2, 3], [3]],
  },
  elementwise: { f: (a) => a.tanh().mul(a.sigmoid()).add(a.exp().log1p()).add(a.erf()).add(a.silu()), shapes: [[5]] },
  reductions: {
    f: (a) =>
      a
        .mean([0])
        .add(a.variance([0]))
        .mul(a.sum()),
    shapes: [[3, 4]],
  },
  shape: {
    f: (a) =>
      cat([a.transpose(0, 1).flip([0]), a.reshape([3, 2])], 1)
        .pad([0, 0, 1, 1], { mode: "reflect" })
        .square(),
    shapes: [[2, 3]],
  },
  matmul: {
    f: (a, b) => a.matmul(b).tanh(),
    shapes: [
      [2, 3],
      [3, 2],
    ],
  },
  "convolution 3x3": {
    f: (x, w, b) => functional.conv2d(x, w, { bias: b, padding: 1 }),
    shapes: [[1, 2, 5, 4], [3, 2, 3, 3], [3]],
  },
  "convolution with stride and groups": {
    f: (x, w) => functional.conv2d(x, w, { stride: 2, padding: 1, groups: 2 }),
    shapes: [
      [1, 2, 5, 4],
      [2, 1, 3, 3],
    ],
  },
  "transposed convolution": {
    f: (x, w) => functional.convTranspose2d(x, w, { stride: 2 }),
    shapes: [
      [1, 2, 3, 2],
      [2, 1, 2, 2],
    ],
  },
  pooling: { f: (x) => functional.avgPool2d(x, 2).square(), shapes: [[1, 1, 4, 4]] },
  interpolation: {
    f: (x) => functional.interpolate(x, { scaleFactor: 2, mode: "bilinear" }).square(),
    shapes: [[1, 1, 3, 2]],
  },
  fft: { f: (x) => functional.fft2(x).square(), shapes: [[1, 2, 4, 3]] },
};

export const tapeNames = Object.keys(checks);

/** Runs all checks; returns the messages of those that fail, by name. */
export function tape(): Record<string, string> {
  const failed: Record<string, string> = {};
  for (const [name, { f, shapes }] of Object.entries(checks)) {
    try {
      tidy(() => {
        const rng = new Rng(5);
        const inputs = shapes.map((shape) => rng.normal(shape, { dtype: "float64", device: "cpu" }));
        gradcheck(f, inputs);
        gradgradcheck(f, inputs);
        return null;
      });
    } catch (error) {
      failed[name] = error instanceof Error ? error.message : String(error);
    }
  }
  return failed;
}
