import { beforeAll, expect, it } from "vitest";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { cat, type Tensor } from "../../ts/tensor/index.js";
import { Scale } from "../../ts/transform/index.js";
import { distance, interior, smooth } from "./helpers.js";

beforeAll(() => init({ device: "cpu" }));

it("the inverse of several zooms of several images undoes each by its own factor and centre", async () => {
  const scale = new Scale({ factors: [0.7, 0.8, 0.9], nTrans: 2, mode: "bilinear" });
  const x = cat([smooth(36, 44), smooth(36, 44, (row, column) => Math.cos(0.06 * row - 0.05 * column))], 0);
  const params = scale.getParams(x, { rng: new Rng(5) });
  const { factor, center } = params as { factor: number[]; center: number[][] };
  expect(factor).toHaveLength(4);
  expect(new Set(factor).size).toBeGreaterThan(1);
  const back = scale.inverse(scale.transform(x, params), params, { batchwise: false });
  const image = (t: Tensor, i: number) => t.slice([i, 0, 0, 0], [i + 1, 1, 36, 44]);
  for (const [i, f] of factor.entries()) {
    const [original, single] = [image(x, i % 2), { factor: [f], center: [center[i] as number[]] }];
    const alone = scale.inverse(scale.transform(original, single), single);
    expect(await distance(image(back, i), alone), `image ${i}`).toBe(0);
    expect(await distance(interior(image(back, i), 14), interior(original, 14)), `image ${i}`).toBeLessThan(0.02);
  }
});
