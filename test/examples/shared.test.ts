import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { nn, physics, RandomSource, Tensor } from "../../ts/node.js";

/** The built library, as in the examples. */
const library: string = "adjoint";
const shared = fileURLToPath(new URL("../../examples/shared/index.mjs", import.meta.url));

interface Shared {
  readonly ColumnSplittingMaskGenerator: new (options: {
    splitRatio: number;
    centre: number;
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
  it("splits k-space by columns: hides a share of those measured outside the centre, each as often", () => {
    const { Rng, tensor } = adjoint;
    const rng = new Rng(0);
    // Two scans; columns 3 to 6 of the ten are the centre.
    const measured = [
      [1, 1, 0, 1, 1, 1, 1, 0, 1, 1],
      [0, 1, 1, 0, 1, 1, 1, 1, 1, 1],
    ];
    const inputMask = tensor(
      measured.flatMap((row) => [...row, ...row, ...row, ...row]),
      { shape: [2, 2, 2, 10] },
    );
    const generator = new examples.ColumnSplittingMaskGenerator({ splitRatio: 0.7, centre: 4 });
    const hidden = measured.map((row) => row.map(() => 0));
    const draws = 400;
    for (let draw = 0; draw < draws; draw++) {
      const { mask } = generator.step(2, { inputMask, rng });
      expect(mask.shape).toEqual([2, 2, 2, 10]);
      const values = Array.from(mask.dataSync());
      for (let scan = 0; scan < 2; scan++) {
        const rows = [0, 1, 2, 3].map((k) => values.slice((4 * scan + k) * 10, (4 * scan + k + 1) * 10));
        for (const row of rows) expect(row).toEqual(rows[0]);
        rows[0]?.forEach((kept, column) => {
          if (kept === 0) (hidden[scan] as number[])[column] = (hidden[scan]?.[column] ?? 0) + 1;
        });
        // Four and five columns outside: ceil(0.3 n) = 2 of them.
        expect(rows[0]?.filter((kept) => kept === 0)).toHaveLength(2);
      }
    }
    const often = [
      [1 / 2, 1 / 2, 0, 0, 0, 0, 0, 0, 1 / 2, 1 / 2],
      [0, 2 / 5, 2 / 5, 0, 0, 0, 0, 2 / 5, 2 / 5, 2 / 5],
    ];
    hidden.forEach((row, scan) => {
      row.forEach((count, column) => {
        const expected = often[scan]?.[column] as number;
        // Five standard deviations of a binomial count.
        expect(Math.abs(count - draws * expected)).toBeLessThanOrEqual(
          5 * Math.sqrt(draws * expected * (1 - expected)),
        );
      });
    });
  });

  it("unrolls proximal steps from denoised images, the first from filtered back-projection", async () => {
    const { physics: operators, Rng } = adjoint;
    const ct = new operators.Tomography({ angles: 9, imgWidth: 16, circle: true });
    const y = ct.A(new Rng(0).uniform([1, 1, 16, 16]));
    const halved: Pick<nn.Identity, "forward"> = { forward: (x) => x.mul(0.5) };
    const settings = { weight: 50, maxIter: 4 };
    const step = (x: Tensor) => ct.proxL2(x.mul(0.5), y, settings.weight, { maxIter: settings.maxIter });
    const found = new examples.Unrolled({ denoiser: halved, numIter: 2, ...settings }).forward(y, ct);
    const error = await found
      .sub(step(step(ct.fbp(y))))
      .abs()
      .max()
      .item();
    expect(error).toBe(0);
    // Data consistency: closer to the measurements than the denoised image was.
    const misfit = async (x: Tensor) => await ct.A(x).sub(y).square().sum().item();
    expect(await misfit(found)).toBeLessThan(0.2 * (await misfit(ct.fbp(y).mul(0.5))));
  });
});
