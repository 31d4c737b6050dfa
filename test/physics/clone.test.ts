import { beforeAll, describe, expect, it } from "vitest";
import { GaussianNoise, type OperatorKind, type Physics, TensorList } from "../../ts/physics/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import { everyNoise, everyOperator } from "../loss/every.js";
import { distance, Rng, start } from "./helpers.js";

beforeAll(start);

/** Images that each operator takes. */
const sizes: Partial<Record<OperatorKind, number[]>> = {
  demosaicing: [2, 3, 6, 6],
  compressedSensing: [2, 1, 4, 4],
  mri: [2, 2, 8, 8],
  multiCoilMRI: [2, 2, 8, 8],
  dynamicMRI: [2, 2, 4, 6, 6],
  sequentialMRI: [2, 2, 6, 6],
  decolorize: [2, 3, 8, 8],
  pansharpen: [2, 3, 8, 8],
};

describe.each(Object.entries(everyOperator))("a copy of %s", (kind, make) => {
  it("measures as it does, and has parameters of its own", () => {
    const original = make(everyNoise.gaussian());
    const copy = original.clone();
    const x = new Rng(1).uniform(sizes[kind as OperatorKind] ?? [2, 1, 8, 8]);
    const measure = (physics: typeof original): Tensor => {
      const y = physics.forward(x, { rng: new Rng(2) });
      return y instanceof TensorList ? y.at(1) : y;
    };
    const before = measure(original);
    expect(distance(measure(copy), before)).toBe(0);
    const { mask } = copy as Physics & { mask?: Tensor };
    copy.update({
      sigma: 0.7,
      ...(mask && ["inpainting", "mri", "multiCoilMRI", "dynamicMRI", "sequentialMRI"].includes(kind)
        ? { mask: mask.mul(1) }
        : {}),
    });
    expect(distance(measure(copy), before)).toBeGreaterThan(0.1);
    expect(distance(measure(original), before)).toBe(0);
    if (!["stacked", "pansharpen"].includes(kind))
      expect((original as Physics<GaussianNoise>).noiseModel.sigma).toBe(0.1);
  });
});
