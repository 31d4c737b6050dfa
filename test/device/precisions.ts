import * as F from "../../ts/functional/index.js";
import { DeviceError, currentDevice, init } from "../../ts/runtime/index.js";
import { grad, tidy } from "../../ts/tensor/index.js";
import { Rng } from "../../ts/random/index.js";
import { type DeviceCheck, mustAgree, type Numbers, numbersOf } from "./check.js";

/** Bits behind the point that a number of each type has. */
export const BITS = { bf16: 7, f16: 10 } as const;

/** Channels, output channels, side, kernel, stride, groups: tiles of all sizes, and what tensor cores do not take. */
const sizes = [
  [1, 3, 9, 3, 1, 1],
  [16, 16, 16, 3, 1, 1],
  [17, 33, 12, 3, 2, 1],
  [64, 64, 20, 3, 1, 1],
  [64, 128, 16, 1, 1, 1],
  [8, 130, 7, 5, 1, 1],
  [12, 8, 9, 3, 1, 4],
] as const;

type Size = (typeof sizes)[number];

async function convolution(
  [channels, outputs, side, kernel, stride, groups]: Size,
  mixed: boolean,
): Promise<Numbers[]> {
  return await numbersOf(
    tidy(() => {
      const rng = new Rng(7);
      const x = rng.normal([2, channels, side, side]).requiresGrad_();
      const weight = rng.normal([outputs, channels / groups, kernel, kernel]).requiresGrad_();
      const y = F.conv2d(x, weight, { stride, padding: 1, groups, mixed });
      const back = F.convTranspose2d(y.detach(), weight.detach(), { stride, padding: 1, groups, mixed });
      const [dx, dw] = grad(y.square().sum(), [x, weight]);
      return { y: y.detach(), dx: dx!, dw: dw!, back };
    }),
  );
}

/** Matrices, rows, terms of the sums, columns: tiles of all sizes, and sums in slices. */
const products = [
  [1, 130, 70, 67],
  [3, 9, 33, 130],
  [1, 3, 3001, 5],
  [2, 1, 40, 300],
] as const;

async function product([count, rows, terms, columns]: (typeof products)[number], mixed: boolean): Promise<Numbers[]> {
  return await numbersOf(
    tidy(() => {
      const rng = new Rng(9);
      const x = rng.normal([count, rows, terms]).requiresGrad_();
      const weight = rng.normal([columns, terms]).requiresGrad_();
      const y = F.linear(x, weight, { mixed });
      const [dx, dw] = grad(y.square().sum(), [x, weight]);
      return { y: y.detach(), dx: dx!, dw: dw! };
    }),
  );
}

/** That what is computed with rounded operands agrees with float32, where the current device has the type. */
export const precisionChecks: readonly DeviceCheck[] = (["bf16", "f16"] as const).map((precision) => ({
  name: `convolutions and products of matrices in ${precision}, where the device has it`,
  run: async () => {
    const device = currentDevice();
    try {
      await init({ device, precision });
    } catch (error) {
      if (error instanceof DeviceError && error.code === "precision_unavailable") return;
      throw error;
    }
    try {
      for (const [run, size] of [
        ...sizes.map((size) => [(mixed: boolean) => convolution(size, mixed), size] as const),
        ...products.map((size) => [(mixed: boolean) => product(size, mixed), size] as const),
      ]) {
        const [rounded, exact] = [await run(true), await run(false)];
        mustAgree(rounded, exact, 4 * 2 ** -BITS[precision]);
        for (const [k, { label, data }] of rounded.entries()) {
          if (data.every((value, i) => value === exact[k]?.data[i]))
            throw new Error(`${size.join(", ")}: nothing was rounded in ${label}`);
        }
      }
    } finally {
      await init({ device });
    }
  },
}));
