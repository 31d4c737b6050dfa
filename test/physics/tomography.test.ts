import { beforeAll, describe, expect, it } from "vitest";
import { functional } from "../../ts/nn/index.js";
import { Tomography } from "../../ts/physics/index.js";
import { ArgumentError, init, ShapeError } from "../../ts/runtime/index.js";
import { grad, tensor, zeros, type Tensor } from "../../ts/tensor/index.js";
import { eachDevice } from "../devices.js";
import { distance, expectError, normal, Rng, start } from "./helpers.js";

beforeAll(start);

/**
 * The definition: the image in a square that contains its diagonal, sampled on the rotated grid and summed over rows,
 * angle by angle.
 */
function byGridSample(x: Tensor, angles: readonly number[], circle: boolean): Tensor {
  const [batch = 1, channels = 1, width = 1] = x.shape;
  const side = circle ? width : Math.ceil(Math.SQRT2 * width);
  const before = Math.floor(side / 2) - Math.floor(width / 2);
  const middle = (side - 1) / 2;
  const inside = Float64Array.from({ length: width * width }, (_, i) => {
    const [r, c] = [2 * Math.floor(i / width) - width + 1, 2 * (i % width) - width + 1];
    return Number(!circle || r * r + c * c <= (width - 1) ** 2);
  });
  const seen = x.mul(tensor(inside, { shape: [1, 1, width, width] }));
  const square = seen.pad([0, 0, 0, 0, before, side - width - before, before, side - width - before], {
    mode: "constant",
  });
  const projections = angles.map((degrees) => {
    const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
    const grid = Float64Array.from({ length: side * side * 2 }, (_, i) => {
      const at = Math.floor(i / 2);
      const [u, v] = [(at % side) - middle, Math.floor(at / side) - middle];
      return (i % 2 === 0 ? cos * u + sin * v : cos * v - sin * u) / Math.max(middle, 1e-9);
    });
    const rotated = functional.gridSample(
      square,
      tensor(grid, { shape: [1, side, side, 2] }).expand([batch, side, side, 2]),
      { mode: "bilinear", paddingMode: "zeros", alignCorners: true },
    );
    return rotated.sum(2).reshape([batch, channels, side, 1]);
  });
  return projections.reduce(
    (a, b, i) => a.add(b.pad([0, 0, 0, 0, 0, 0, i, angles.length - 1 - i], { mode: "constant" })),
    zeros([batch, channels, side, angles.length], { dtype: "float64" }),
  );
}

/** A disc of value one. */
function disc(width: number, radius: number): Tensor {
  const middle = (width - 1) / 2;
  const values = Float64Array.from({ length: width * width }, (_, i) =>
    Number(Math.hypot(Math.floor(i / width) - middle, (i % width) - middle) <= radius),
  );
  return tensor(values, { shape: [1, 1, width, width] });
}

describe("the Radon transform", () => {
  it.each([2, 5, 8, 11, 16, 19])(
    "of %i x %i pixels is the sum of the rotated image, with and without the circle",
    (width) => {
      const rng = new Rng(width);
      const angles = [0, 90, 45, 180, -30, 12.5, 301, 60.3];
      const x = normal(rng, [2, 2, width, width]);
      for (const circle of [false, true]) {
        const operator = new Tomography({ angles, imgWidth: width, circle, normalize: false });
        expect(distance(operator.A(x), byGridSample(x, angles, circle))).toBeLessThan(1e-10);
      }
    },
  );

  it("at 0 degrees sums columns, at 90 degrees rows from below", () => {
    const x = tensor(Float64Array.of(1, 2, 3, 4), { shape: [1, 1, 2, 2] });
    const y = new Tomography({ angles: 2, imgWidth: 2, normalize: false }).A(x);
    expect(y.shape).toEqual([1, 1, 3, 2]);
    // Three detectors about the centre of a square of side three, whose last row and column are empty.
    expect(distance(y.select(3, 0), tensor(Float64Array.of(4, 6, 0), { shape: [1, 1, 3] }))).toBeLessThan(1e-12);
    expect(distance(y.select(3, 1), tensor(Float64Array.of(0, 7, 3), { shape: [1, 1, 3] }))).toBeLessThan(1e-12);
  });

  it("of a disc is its chords", () => {
    const [width, radius] = [64, 20];
    const y = new Tomography({ angles: 7, imgWidth: width, circle: true, normalize: false }).A(disc(width, radius));
    const values = y.dataSync();
    for (let u = 0; u < width; u++) {
      const chord = 2 * Math.sqrt(Math.max(0, radius ** 2 - (u - (width - 1) / 2) ** 2));
      for (let a = 0; a < 7; a++) expect(Math.abs((values[u * 7 + a] ?? NaN) - chord)).toBeLessThan(5);
    }
  });

  it("has the exact transpose as adjoint and as gradient, also where angles come in several blocks", () => {
    const rng = new Rng(1);
    const operator = new Tomography({ angles: 300, imgWidth: 64, normalize: false });
    const x = rng.normal([1, 1, 64, 64]).requiresGrad_();
    const ax = operator.A(x);
    const y = rng.normal(ax.shape);
    const back = operator.AAdjoint(y);
    const left = ax.mul(y).sum().itemSync();
    expect(Math.abs(left - back.mul(x).sum().itemSync())).toBeLessThan(1e-4 * Math.abs(left) + 0.1);
    const [g] = grad(ax.mul(y).sum(), [x]) as [Tensor];
    expect(distance(g, back)).toBeLessThan(1e-3);
  });

  it("normalised has norm one, whatever the seed", () => {
    const operator = new Tomography({ angles: 6, imgWidth: 12 });
    expect(
      operator.computeNorm(zeros([1, 1, 12, 12]), { squared: false, tol: 1e-6, rng: new Rng(5) }).itemSync(),
    ).toBeCloseTo(1, 3);
    expect(new Tomography({ angles: 6, imgWidth: 12 }).operatorNorm).toBe(operator.operatorNorm);
    const plain = new Tomography({ angles: 6, imgWidth: 12, normalize: false });
    const y = normal(new Rng(2), [1, 1, 17, 6]);
    // Filtered back-projection does not depend on it, for data of the same image.
    const x = normal(new Rng(3), [1, 1, 12, 12]);
    expect(distance(operator.fbp(operator.A(x)), plain.fbp(plain.A(x)).mul(operator.operatorNorm ** 0))).toBeLessThan(
      1e-4,
    );
    expect(distance(operator.ADagger(operator.A(x), { fbp: true }), operator.fbp(operator.A(x)))).toBe(0);
    expect(distance(new Tomography({ angles: 6, imgWidth: 12, fbp: true }).ADagger(y), operator.fbp(y))).toBeLessThan(
      1e-12,
    );
  });
});

describe("filtered back-projection", () => {
  it("gets a disc back from many angles", () => {
    const x = disc(48, 12);
    for (const normalize of [false, true]) {
      const operator = new Tomography({ angles: 90, imgWidth: 48, normalize });
      const error = operator.fbp(operator.A(x)).sub(x).square().mean().sqrt().itemSync();
      expect(error).toBeLessThan(0.1);
      const inner = disc(48, 9);
      expect(Math.abs(operator.fbp(operator.A(x)).mul(inner).sum().div(inner.sum()).itemSync() - 1)).toBeLessThan(0.02);
    }
  });

  it("repeats the third pixel from the border, if asked to", () => {
    const y = normal(new Rng(4), [1, 1, 12, 3]);
    const plain = new Tomography({ angles: 3, imgWidth: 8, normalize: false }).fbp(y).reshape([8, 8]).dataSync();
    const mended = new Tomography({ angles: 3, imgWidth: 8, normalize: false, fbpInterpolateBoundary: true })
      .fbp(y)
      .reshape([8, 8])
      .dataSync();
    for (let i = 0; i < 8; i++) {
      for (let j = 0; j < 8; j++) {
        const [r, c] = [Math.min(Math.max(i, 2), 5), Math.min(Math.max(j, 2), 5)];
        expect(mended[i * 8 + j]).toBe(plain[r * 8 + c]);
      }
    }
  });
});

describe("bad input", () => {
  it("is named", () => {
    const make = (options: object) => () => new Tomography({ angles: 3, imgWidth: 8, ...options } as never);
    expectError(make({ angles: 0 }), ArgumentError, "invalid_argument", "Tomography", "angles");
    expectError(make({ angles: [] }), ArgumentError, "invalid_argument", "empty");
    expectError(make({ angles: [1, NaN] }), ArgumentError, "invalid_argument", "angles[1]", "NaN");
    expectError(make({ imgWidth: 2.5 }), ArgumentError, "invalid_argument", "imgWidth");
    expectError(make({ imgWidth: undefined }), ArgumentError, "invalid_argument", "imgWidth");
    expectError(make({ circle: 1 }), ArgumentError, "invalid_argument", "circle");
    expectError(
      make({ imgWidth: 4, fbpInterpolateBoundary: true }),
      ArgumentError,
      "invalid_argument",
      "fbpInterpolateBoundary",
    );
    expectError(make({ imageWidth: 8 }), ArgumentError, "unknown_option", '"imgWidth"');
    const operator = new Tomography({ angles: 3, imgWidth: 8 });
    expectError(() => operator.A(zeros([1, 1, 8, 7])), ShapeError, "shape_mismatch", "[1, 1, 8, 7]", "8 x 8");
    expectError(
      () => operator.AAdjoint(zeros([1, 1, 12, 4])),
      ShapeError,
      "shape_mismatch",
      "12 detectors",
      "3 angles",
    );
    expectError(() => operator.fbp(zeros([12, 3])), ShapeError, "shape_mismatch");
  });
});

describe("angles as a parameter", () => {
  const lists = [
    [0, 3, 40, 100],
    [10, 55, 100, 145],
    [0, 45, 90, 135],
  ];
  const own = (angles: readonly number[]) => new Tomography({ angles, imgWidth: 6, normalize: false });
  const one = (t: Tensor, i: number): Tensor => t.select(0, i).unsqueeze(0);

  it("is one list for all images, or one for each: then each is measured as by an operator of its own", () => {
    const each = own([1, 2]).withParameters({ angles: tensor(lists, { dtype: "float64" }) });
    const x = normal(new Rng(1), [3, 2, 6, 6]);
    const y = each.A(x);
    expect(y.shape).toEqual([3, 2, 9, 4]);
    expect(each.angles.shape).toEqual([3, 4]);
    expect(Math.abs(each.adjointnessTest(x, { rng: new Rng(2) }).itemSync())).toBeLessThan(1e-12);
    for (const [i, angles] of lists.entries()) {
      const alone = own(angles);
      expect(distance(one(y, i), alone.A(one(x, i)))).toBe(0);
      expect(distance(one(each.fbp(y), i), alone.fbp(one(y, i)))).toBeLessThan(1e-12);
      const all = own([1]);
      all.update({ angles: tensor([angles, angles, angles]) });
      expect(all.angles.shape).toEqual([4]);
      expect(distance(all.A(x), alone.A(x))).toBe(0);
    }
  });

  it("leaves the scale of the measurements as it was", () => {
    const operator = new Tomography({ angles: 4, imgWidth: 6 });
    const norm = operator.operatorNorm;
    const x = normal(new Rng(1), [1, 1, 6, 6]);
    operator.update({ angles: 60 });
    expect(operator.operatorNorm).toBe(norm);
    expect(distance(operator.A(x).mul(norm), own(Array.from({ length: 60 }, (_, i) => 3 * i)).A(x))).toBeLessThan(
      1e-12,
    );
  });

  it("refuses lists for another number of images, and what is no list of angles", () => {
    const operator = own([0, 90]);
    const each = operator.withParameters({ angles: tensor(lists) });
    const code = "shape_mismatch";
    expectError(() => each.A(zeros([2, 1, 6, 6])), ShapeError, code, "Tomography.A", "3 images", "2 came");
    expectError(() => each.AAdjoint(zeros([2, 1, 9, 4])), ShapeError, code, "Tomography.AAdjoint", "3 images");
    expectError(() => operator.update({ angles: zeros([2, 2, 2]) }), ShapeError, code, "[2, 2, 2]");
    expectError(() => operator.update({ angles: zeros([2, 0]) }), ShapeError, code, "[2, 0]");
    expectError(() => operator.update({ angles: Number.NaN }), ArgumentError, "invalid_argument", "angles");
    expectError(() => new Tomography({ angles: tensor(lists), imgWidth: 6 }), ShapeError, code, "[3, 4]", "update");
    expect(distance(operator.A(zeros([1, 1, 6, 6])), zeros([1, 1, 9, 2], { dtype: "float32" }))).toBe(0);
  });
});

await eachDevice("tomography", (device) => {
  it("is the same in float32", async () => {
    await init({ device: "cpu" });
    const exact = new Tomography({ angles: [0, 20, 77], imgWidth: 6 });
    const x = normal(new Rng(1), [1, 2, 6, 6]);
    const y = exact.A(x);
    const [expected, back] = [await y.data(), await exact.fbp(y).data()];
    await init({ device });
    const here = new Tomography({ angles: [0, 20, 77], imgWidth: 6 });
    const x32 = x.to("float32").to(device);
    const got = here.A(x32);
    (await got.data()).forEach((v, i) => expect(Math.abs(v - (expected[i] ?? NaN))).toBeLessThan(1e-5));
    (await here.fbp(got).data()).forEach((v, i) => expect(Math.abs(v - (back[i] ?? NaN))).toBeLessThan(1e-4));
    await init({ device: "cpu" });
  });
});
