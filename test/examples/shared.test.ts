import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { nn, physics, RandomSource, Tensor } from "../../ts/node.js";

/** The built library, as in the examples. */
const library: string = "adjoint";
const shared = fileURLToPath(new URL("../../examples/shared/index.mjs", import.meta.url));

interface Shared {
  readonly ColumnSplittingMaskGenerator: new (options: {
    splitRatio: number;
    masks: Tensor;
  }) => {
    step(count: number, options: { inputMask: Tensor; rng: RandomSource }): { mask: Tensor };
  };
  readonly Unrolled: new (options: {
    denoiser: unknown;
    numIter: number;
    weight: number;
    maxIter: number;
  }) => {
    forward(y: Tensor, operator: physics.Tomography): Tensor;
  };
}

let adjoint: typeof import("../../ts/node.js");
let examples: Shared;
beforeAll(async () => {
  adjoint = (await import(library)) as typeof adjoint;
  examples = (await import(shared)) as Shared;
  await adjoint.init();
});

describe("what the examples share", () => {
  it("splits k-space by columns: hides a share of those not always measured, by the odds of not being so", () => {
    const { Rng, tensor } = adjoint;
    const rng = new Rng(0);
    const planes = (rows: number[][]) => rows.flatMap((row) => [...row, ...row, ...row, ...row]);
    // The odds of the columns are 1, 3, 0 (all masks have it), 1 / 3, and that of the last, which none has, infinite.
    const sampled = [
      [1, 1, 1, 1, 0],
      [1, 0, 1, 1, 0],
      [0, 0, 1, 1, 0],
      [0, 0, 1, 0, 0],
    ];
    const masks = tensor(planes(sampled), { shape: [4, 2, 2, 5] });
    const measured = [
      [1, 1, 1, 1, 0],
      [0, 1, 1, 1, 0],
    ];
    const inputMask = tensor(planes(measured), { shape: [2, 2, 2, 5] });
    // Of three and two columns that can be hidden, ceil(0.3 n) = 1.
    const generator = new examples.ColumnSplittingMaskGenerator({ splitRatio: 0.7, masks });
    const hidden = measured.map((row) => row.map(() => 0));
    const draws = 2000;
    for (let draw = 0; draw < draws; draw++) {
      const { mask } = generator.step(2, { inputMask, rng });
      expect(mask.shape).toEqual([2, 2, 2, 5]);
      const values = Array.from(mask.dataSync());
      mask.dispose();
      hidden.forEach((counts, scan) => {
        const rows = [0, 1, 2, 3].map((k) => values.slice((4 * scan + k) * 5, (4 * scan + k + 1) * 5));
        for (const row of rows) expect(row).toEqual(rows[0]);
        expect(rows[0]?.filter((kept) => kept === 0)).toHaveLength(1);
        rows[0]?.forEach((kept, column) => {
          counts[column] = (counts[column] ?? 0) + 1 - kept;
        });
      });
    }
    const often = [
      [3 / 13, 9 / 13, 0, 1 / 13, 0],
      [0, 9 / 10, 0, 1 / 10, 0],
    ];
    hidden.forEach((row, scan) => {
      row.forEach((count, column) => {
        const p = often[scan]?.[column] as number;
        // Five standard deviations of a binomial count.
        expect(Math.abs(count - draws * p)).toBeLessThanOrEqual(5 * Math.sqrt(draws * p * (1 - p)));
      });
    });
    const most = new examples.ColumnSplittingMaskGenerator({ splitRatio: 0.1, masks }).step(2, { inputMask, rng });
    expect(Array.from(most.mask.dataSync()).slice(0, 5)).toEqual([0, 0, 1, 0, 1]);
  });

  it("unrolls proximal steps from denoised images, the first from filtered back-projection", async () => {
    const { physics: operators, ones, Rng } = adjoint;
    const ct = new operators.Tomography({ angles: 9, imgWidth: 16, circle: true });
    const y = ct.A(new Rng(0).uniform([1, 1, 16, 16]));
    const denoiser: Pick<nn.Identity, "forward"> = { forward: (x) => x.mul(0.5).add(0.1) };
    const settings = { weight: 50, maxIter: 4 };
    const support = ct.AAdjoint(ones(y.shape)).gt(0);
    const step = (x: Tensor) =>
      ct.proxL2(denoiser.forward(x).mul(support), y, settings.weight, { maxIter: settings.maxIter });
    const found = new examples.Unrolled({ denoiser, numIter: 2, ...settings }).forward(y, ct);
    const error = await found
      .sub(step(step(ct.fbp(y))))
      .abs()
      .max()
      .item();
    expect(error).toBe(0);
    // What no ray crosses stays 0, whatever the denoiser adds there.
    expect(await found.slice([0, 0, 0, 0], [1, 1, 2, 2]).abs().max().item()).toBe(0);
    // Data consistency: closer to the measurements than the denoised image was.
    const misfit = async (x: Tensor) => await ct.A(x).sub(y).square().sum().item();
    expect(await misfit(found)).toBeLessThan(0.2 * (await misfit(ct.fbp(y).mul(0.5))));
  });
});
