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

/** That convolutions with rounded operands agree with float32, where the current device has the type. */
export const precisionChecks: readonly DeviceCheck[] = (["bf16", "f16"] as const).map((precision) => ({
  name: `convolutions in ${precision}, where the device has it`,
  run: async () => {
    const device = currentDevice();
    try {
      await init({ device, precision });
    } catch (error) {
      if (error instanceof DeviceError && error.code === "precision_unavailable") return;
      throw error;
    }
    try {
      for (const size of sizes) {
        const [rounded, exact] = [await convolution(size, true), await convolution(size, false)];
        mustAgree(rounded, exact, 4 * 2 ** -BITS[precision]);
        if (rounded.every(({ data }, k) => data.every((value, i) => value === exact[k]?.data[i])))
          throw new Error(`${size.join(", ")}: nothing was rounded`);
      }
    } finally {
      await init({ device });
    }
  },
}));
