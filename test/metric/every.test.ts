import { beforeAll, describe, expect, it } from "vitest";
import * as metrics from "../../ts/metric/index.js";
import { Pansharpen, TensorList } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init, ShapeError } from "../../ts/runtime/index.js";
import { cat, grad, type Tensor } from "../../ts/tensor/index.js";
import { expectError } from "../physics/helpers.js";

beforeAll(() => init({ device: "cpu" }));

type Make = new (options: object) => metrics.Metric;
const classes = Object.entries(metrics).filter(
  ([name, value]) => typeof value === "function" && name !== "Metric",
) as unknown as [string, Make][];
const image = (seed: number, batch = 2): Tensor =>
  new Rng(seed).uniform([batch, 3, 24, 24], { dtype: "float64" }).add(0.1);

/** What a metric cannot do without, or not with images of this size. */
const needed: Readonly<Record<string, object>> = { ERGAS: { factor: 4 }, MSSSIM: { betas: [0.5, 0.5] } };

/** Measurements that do not depend on the images to be judged. */
const context = (batch: number): metrics.MetricContext => ({
  y: new TensorList([
    new Rng(5).uniform([1, 3, 6, 6], { dtype: "float64" }).expand([batch, 3, 6, 6]),
    new Rng(6).uniform([1, 1, 24, 24], { dtype: "float64" }).expand([batch, 1, 24, 24]),
  ]),
  physics: new Pansharpen({ imgSize: [3, 24, 24], factor: 4 }),
  mask: new Rng(7).bernoulli([1, 1, 24, 24], 0.3),
});

describe.each(classes)("%s", (name, Class) => {
  const make = (options: object = {}) => {
    const metric = new Class({ ...needed[name], ...options });
    return {
      needsReference: metric.needsReference,
      forward: (xNet: Tensor, x?: Tensor) => metric.forward(xNet, x, context(xNet?.shape?.[0] ?? 1)),
    };
  };

  it("gives one value for each image, which the others do not change", () => {
    const [x, xNet] = [image(1), image(2)];
    const both = make().forward(xNet, x);
    expect(both.shape).toEqual([2]);
    const first = (t: Tensor) => t.slice([0, 0, 0, 0], [1, 3, 24, 24]);
    expect(both.dataSync()[0]).toBeCloseTo(make().forward(first(xNet), first(x)).itemSync(), 10);
    const swapped = make().forward(cat([first(xNet), image(3, 1)], 0), cat([first(x), image(4, 1)], 0));
    expect(swapped.dataSync()[0]).toBeCloseTo(both.dataSync()[0] as number, 10);
  });

  it("has a gradient that lowers it, as a training loss", () => {
    const x = image(1);
    const xNet = x.mul(0.7).add(image(2).mul(0.3)).requiresGrad_();
    const metric = make({ trainLoss: true, reduction: "mean" });
    const before = metric.forward(xNet, x);
    const [slope] = grad(before, [xNet]) as [Tensor];
    const length = slope.square().sum().itemSync();
    expect(length).toBeGreaterThan(0);
    const after = metric.forward(xNet.detach().sub(slope.mul((1e-4 * Math.abs(before.itemSync())) / length)), x);
    expect(after.itemSync()).toBeLessThan(before.itemSync());
  });

  it("names what is missing, of the wrong kind or shape", () => {
    const x = image(1);
    const call = (a: unknown, b: unknown) => () => make().forward(a as Tensor, b as Tensor);
    if (!make().needsReference) {
      expect(make().forward(x).dataSync()).toEqual(make().forward(x, image(2)).dataSync());
      expectError(call(null, x), ArgumentError, "missing_argument", `${name}: xNet is missing`);
      expectError(call([1, 2], x), ArgumentError, "invalid_argument", `${name}: xNet must`);
      const standardized = () => make({ normInputs: "standardize" }).forward(x);
      expectError(standardized, ArgumentError, "missing_argument", `${name}: x is missing`);
      return;
    }
    for (const nothing of [undefined, null]) {
      expectError(call(x, nothing), ArgumentError, "missing_argument", `${name}: x is missing`);
      expectError(call(nothing, x), ArgumentError, "missing_argument", `${name}: xNet is missing`);
    }
    for (const wrong of [1, [1, 2], {}]) {
      expectError(call(x, wrong), ArgumentError, "invalid_argument", `${name}: x must`);
      expectError(call(wrong, x), ArgumentError, "invalid_argument", `${name}: xNet must`);
    }
    // Nothing is broadcast.
    for (const other of [image(2, 1), x.mean(1, true), x.slice([0, 0, 0, 0], [2, 3, 24, 23])]) {
      expectError(call(other, x), ShapeError, "shape_mismatch", name);
      expectError(call(x, other), ShapeError, "shape_mismatch", name);
    }
  });
});
