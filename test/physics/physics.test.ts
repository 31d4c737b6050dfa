import { beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import * as physics from "../../ts/physics/index.js";
import { ArgumentError, ShapeError } from "../../ts/runtime/index.js";
import { eye, grad, ones, tensor, zeros, type Tensor } from "../../ts/tensor/index.js";
import { distance, expectError, normal, Rng, start } from "./helpers.js";

beforeAll(start);

describe("measurements", () => {
  it("are sensor(noise(A x))", () => {
    const p = new physics.Physics({
      A: (x) => x.mul(2),
      noiseModel: new physics.GaussianNoise({ sigma: 0 }),
      sensorModel: (y) => y.clamp(0, 1),
    });
    expect(
      p
        .forward(ones([1, 2]))
        .sub(1)
        .abs()
        .max()
        .itemSync(),
    ).toBe(0);
  });

  it("of Denoising have Gaussian noise of 0.1 by default", () => {
    const p = new physics.Denoising();
    expectTypeOf(p).toEqualTypeOf<physics.Denoising<physics.GaussianNoise>>();
    expect(p.noiseModel.kind).toBe("gaussian");
    expect(p.noiseModel.sigma).toBe(0.1);
    expect(p.operator).toBe("denoising");
  });

  it("carry noise only where the mask samples", () => {
    const rng = new Rng(1);
    const noiseModel = new physics.GaussianNoise({ sigma: 1 });
    const mask = rng.bernoulli([6, 5], 0.5);
    const y = new physics.Inpainting({ imgSize: [1, 6, 5], mask, noiseModel }).forward(ones([2, 1, 6, 5]), { rng });
    expect(y.mul(mask.neg().add(1)).abs().max().itemSync()).toBe(0);
    const k = new physics.MRI({ mask, noiseModel }).forward(ones([2, 2, 6, 5]), { rng });
    expect(k.mul(mask.neg().add(1)).abs().max().itemSync()).toBe(0);
    expect(k.abs().max().itemSync()).toBeGreaterThan(0);
  });

  it("use the call's random source, then the noise model's, then the physics's", () => {
    const x = zeros([1, 1, 3, 3]);
    const expected = new Rng(3).normal([1, 1, 3, 3]);
    const make = (noiseRng?: Rng, rng?: Rng): physics.Denoising =>
      new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 1, rng: noiseRng }), rng });
    expect(distance(make(new Rng(1), new Rng(2)).forward(x, { rng: new Rng(3) }), expected)).toBe(0);
    expect(distance(make(new Rng(3), new Rng(2)).forward(x), expected)).toBe(0);
    expect(distance(make(undefined, new Rng(3)).forward(x), expected)).toBe(0);
  });

  it("are differentiable", () => {
    const x = normal(new Rng(1), [1, 1, 4, 4]).requiresGrad_();
    const p = new physics.Blur({
      filter: ones([1, 1, 3, 3]).div(9),
      padding: "circular",
      noiseModel: new physics.GaussianNoise(),
    });
    const [g] = grad(p.forward(x, { rng: new Rng(2) }).sum(), [x]);
    expect((g as Tensor).sub(1).abs().max().itemSync()).toBeLessThan(1e-6);
    const [h] = grad(p.proxL2(0, x, 1).sum(), [x]);
    // Constants are eigenvectors with value 1: the gradient of the sum is gamma / (1 + gamma).
    expect((h as Tensor).sub(0.5).abs().max().itemSync()).toBeLessThan(1e-4);
  });
});

describe("masks", () => {
  it("are drawn per pixel or per entry, from the source given", () => {
    const pixelwise = new physics.Inpainting({ imgSize: [3, 8, 8], mask: 0.5, rng: new Rng(1) }).mask as Tensor;
    expect(pixelwise.slice([0, 0, 0, 0], [1, 1, 8, 8]).sub(pixelwise).abs().max().itemSync()).toBe(0);
    const entries = new physics.Inpainting({ imgSize: [3, 8, 8], mask: 0.5, pixelwise: false, rng: new Rng(1) })
      .mask as Tensor;
    expect(entries.slice([0, 0, 0, 0], [1, 1, 8, 8]).sub(entries).abs().max().itemSync()).toBe(1);
    const again = new physics.Inpainting({ imgSize: [3, 8, 8], mask: 0.5, pixelwise: false, rng: new Rng(1) })
      .mask as Tensor;
    expect(distance(entries, again)).toBe(0);
  });

  it("can be set later, one for each image", () => {
    const p = new physics.Inpainting({ imgSize: [1, 2, 2] });
    expectError(() => p.A(ones([1, 1, 2, 2])), ArgumentError, "missing_argument", "update({ mask })");
    p.update({
      mask: tensor([
        [
          [
            [1, 0],
            [0, 1],
          ],
        ],
        [
          [
            [0, 1],
            [1, 0],
          ],
        ],
      ]),
    });
    expect(Array.from(p.A(ones([2, 1, 2, 2])).dataSync())).toEqual([1, 0, 0, 1, 0, 1, 1, 0]);
    p.forward(ones([1, 1, 2, 2]), { mask: ones([2, 2]) });
    expect(p.mask?.shape).toEqual([1, 1, 2, 2]);
  });

  it("of a copy are its own, and so is its noise", () => {
    const p = new physics.Inpainting({
      imgSize: [1, 2, 2],
      mask: ones([2, 2]),
      noiseModel: new physics.GaussianNoise(),
    });
    const copy = p.clone();
    copy.update({
      mask: tensor([
        [1, 0],
        [0, 0],
      ]),
      sigma: 3,
    });
    expect(
      p
        .A(ones([1, 1, 2, 2]))
        .sum()
        .itemSync(),
    ).toBe(4);
    expect(
      copy
        .A(ones([1, 1, 2, 2]))
        .sum()
        .itemSync(),
    ).toBe(1);
    expect(p.noiseModel.sigma).toBe(0.1);
    expect(copy.noiseModel.sigma).toBe(3);
  });
});

describe("composition", () => {
  it("applies the other operator first and keeps the noise of this one", () => {
    const blur = new physics.Blur({
      filter: ones([1, 1, 3, 3]),
      padding: "constant",
      noiseModel: new physics.PoissonNoise(),
    });
    const paint = new physics.Inpainting({
      imgSize: [1, 4, 4],
      mask: eye(4),
      noiseModel: new physics.GaussianNoise({ sigma: 0 }),
    });
    const both = paint.compose(blur);
    expectTypeOf(both).toEqualTypeOf<physics.ComposedLinearPhysics<physics.GaussianNoise>>();
    expect(both.operator).toBe("composed");
    expect(
      both
        .forward(ones([1, 1, 4, 4]))
        .mul(eye(4).neg().add(1))
        .abs()
        .max()
        .itemSync(),
    ).toBe(0);
    both.update({ mask: ones([4, 4]), filter: ones([1, 1, 1, 1]) });
    expect(
      both
        .A(ones([1, 1, 4, 4]))
        .sub(1)
        .abs()
        .max()
        .itemSync(),
    ).toBe(0);
    const nonlinear = new physics.Physics({ A: (x) => x.square() }).compose(blur);
    expect(nonlinear).not.toBeInstanceOf(physics.LinearPhysics);
  });
});

describe("physics errors", () => {
  it("names the option and the nearest valid one", () => {
    expectError(
      () => new physics.Denoising({ noisemodel: 1 } as object),
      ArgumentError,
      "unknown_option",
      "Denoising",
      '"noiseModel"',
    );
    expectError(
      () => new physics.Inpainting({ imgSize: [1, 2, 2], masks: 1 } as never),
      ArgumentError,
      "unknown_option",
      '"mask"',
    );
    expectError(() => new physics.Denoising().update({ sigmas: 1 }), ArgumentError, "unknown_option", '"sigma"');
    expectError(
      () => new physics.Blur({ padding: "mirror" as never }),
      ArgumentError,
      "invalid_argument",
      "mirror",
      "reflect",
    );
  });

  it("refuses settings that make no sense", () => {
    expectError(
      () => new physics.Denoising({ noiseModel: 3 as never }),
      ArgumentError,
      "invalid_argument",
      "noiseModel",
    );
    expectError(() => new physics.Inpainting({} as never), ArgumentError, "missing_argument", "imgSize");
    expectError(() => new physics.Inpainting({ imgSize: [1, -2, 2] }), ArgumentError, "invalid_argument", "imgSize");
    expectError(
      () => new physics.Inpainting({ imgSize: [1, 2, 2], mask: 1.5 }),
      ArgumentError,
      "invalid_argument",
      "at most 1",
    );
    expectError(() => new physics.LinearPhysics({ maxIter: 0 }), ArgumentError, "invalid_argument", "maxIter");
    expectError(
      () => new physics.LinearPhysics({ A: (x) => x }).AAdjoint(ones([1, 1])),
      ArgumentError,
      "missing_argument",
      "imgSize",
    );
    expectError(() => new physics.Denoising().proxL2(0, ones([1, 1]), -1), ArgumentError, "invalid_argument", "gamma");
  });

  it("refuses a mask that measures nothing", () => {
    const imgSize = [1, 4, 4];
    expectError(
      () => new physics.Inpainting({ imgSize, mask: zeros(imgSize) }),
      ArgumentError,
      "empty_mask",
      "Inpainting",
      "no measured pixel",
    );
    expectError(() => new physics.Inpainting({ imgSize, mask: 0 }), ArgumentError, "empty_mask");
    expectError(() => new physics.Inpainting({ imgSize }).update({ mask: zeros([4, 4]) }), ArgumentError, "empty_mask");
    expectError(() => new physics.MRI({ mask: zeros([4, 4]) }), ArgumentError, "empty_mask", "MRI");
    expectError(
      () => new physics.MRI({ imgSize: [4, 4] }).update({ mask: zeros([4, 4]) }),
      ArgumentError,
      "empty_mask",
    );
    expectError(
      () => new physics.MultiCoilMRI({ imgSize: [4, 4], coilMaps: 2, mask: zeros([4, 4]) }),
      ArgumentError,
      "empty_mask",
    );
    expectError(() => new physics.DynamicMRI({ mask: zeros([2, 4, 4]) }), ArgumentError, "empty_mask");
    expectError(() => new physics.SequentialMRI({ mask: zeros([2, 4, 4]) }), ArgumentError, "empty_mask");
  });

  it("is what it was after an update that is refused", () => {
    const noiseModel = new physics.GaussianNoise({ sigma: 0.1 });
    const [mask, other] = [ones([1, 4, 4]), tensor([1, 0, 1, 1], { shape: [1, 1, 4] }).expand([1, 4, 4])];
    const inpainting = new physics.Inpainting({ imgSize: [1, 4, 4], mask, noiseModel });
    const [x, sum] = [ones([1, 1, 4, 4]), () => inpainting.A(x).sum().itemSync()];
    expect(() => inpainting.update({ mask: other, sigma: -1 })).toThrow(ArgumentError);
    expect(() => inpainting.update({ sigma: 0.3, mask: ones([1, 5, 5]) })).toThrow(ShapeError);
    expect([sum(), noiseModel.sigma]).toEqual([16, 0.1]);
    inpainting.update({ sigma: 0.3, mask: other });
    expect([sum(), noiseModel.sigma]).toEqual([12, 0.3]);

    const coils = new physics.MultiCoilMRI({ mask: ones([4, 4]), coilMaps: 2 });
    const image = new Rng(1).normal([1, 2, 4, 4]);
    const before = coils.A(image).dataSync();
    expect(() => coils.update({ mask: other, coilMaps: ones([3]) })).toThrow();
    expect(coils.A(image).dataSync()).toEqual(before);
  });

  it("refuses filters, masks and step sizes that would make everything NaN", () => {
    expectError(
      () => new physics.Blur({ filter: tensor([1, NaN], { shape: [1, 1, 1, 2] }) }),
      ArgumentError,
      "invalid_argument",
      "Blur",
      "filter",
      "NaN",
    );
    expectError(
      () => new physics.Blur().update({ filter: tensor([Infinity], { shape: [1, 1, 1, 1] }) }),
      ArgumentError,
      "invalid_argument",
      "infinity",
    );
    expectError(
      () => new physics.BlurFFT({ imgSize: [1, 2, 2] }).update({ filter: tensor([NaN], { shape: [1, 1, 1, 1] }) }),
      ArgumentError,
      "invalid_argument",
      "NaN",
    );
    expectError(
      () => new physics.Inpainting({ imgSize: [1, 1, 2], mask: tensor([1, NaN]) }),
      ArgumentError,
      "invalid_argument",
      "mask",
      "NaN",
    );
    expectError(
      () => new physics.MRI({ mask: tensor([1, NaN], { shape: [1, 2] }) }),
      ArgumentError,
      "invalid_argument",
      "mask",
      "NaN",
    );
    const y = ones([2, 1, 2, 2]);
    for (const operator of [
      new physics.Denoising(),
      new physics.Blur({ filter: ones([1, 1, 1, 1]) }),
      new physics.Downsampling({ factor: 1, filter: ones([1, 1, 1, 1]) }),
    ]) {
      expectError(() => operator.proxL2(y, y, tensor([1, -1])), ArgumentError, "invalid_argument", "gamma", "-1");
      expectError(() => operator.proxL2(y, y, tensor([1, 2, 3])), ShapeError, "shape_mismatch", "gamma", "2 images");
    }
  });

  it("names both shapes where an image does not fit the mask", () => {
    const paint = new physics.Inpainting({ imgSize: [1, 4, 4], mask: ones([1, 4, 4]) });
    expectError(
      () => paint.A(ones([1, 1, 5, 4])),
      ShapeError,
      "shape_mismatch",
      "[1, 1, 5, 4]",
      "[1, 1, 4, 4]",
      "mask",
    );
    expectError(() => paint.update({ mask: ones([5, 4]) }), ShapeError, "shape_mismatch", "[5, 4]", "[1, 4, 4]");
    expectError(() => new physics.Inpainting({ imgSize: [1, 4, 4], mask: ones([3, 3]) }), ShapeError, "shape_mismatch");
    expectError(
      () => new physics.MRI({ mask: ones([4, 4]) }).A(ones([1, 2, 5, 4])),
      ShapeError,
      "shape_mismatch",
      "[1, 2, 5, 4]",
    );
  });

  it("refuses inputs of the wrong kind or rank", () => {
    const blur = new physics.Blur({ filter: ones([1, 1, 3, 3]) });
    expectError(
      () => new physics.Denoising().A(3 as never),
      ArgumentError,
      "invalid_argument",
      "Denoising.A",
      "Tensor",
    );
    expectError(() => blur.A(ones([4, 4])), ShapeError, "shape_mismatch", "four dimensions");
    expectError(() => blur.A(ones([1, 1, 2, 2])), ShapeError, "shape_mismatch", "larger than the image");
    expectError(() => new physics.Blur().A(ones([1, 1, 2, 2])), ArgumentError, "missing_argument", "filter");
    expectError(
      () => new physics.Blur({ filter: ones([1, 2, 3, 3]) }).A(ones([1, 3, 4, 4])),
      ShapeError,
      "shape_mismatch",
      "[1, 2, 3, 3]",
    );
    expectError(
      () => new physics.Blur({ filter: ones([1, 1, 9, 9]), padding: "reflect" }).A(ones([1, 1, 3, 3])),
      ShapeError,
      "shape_mismatch",
      "reflect",
    );
    expectError(
      () => new physics.MRI({ mask: ones([4, 4]) }).A(ones([1, 1, 4, 4])),
      ShapeError,
      "shape_mismatch",
      "imaginary",
    );
    expectError(() => new physics.StackedPhysics({ list: [] }), ArgumentError, "invalid_argument", "empty");
  });
});
