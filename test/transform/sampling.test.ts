import { beforeAll, describe, expect, it } from "vitest";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { gradcheck } from "../../ts/testing/index.js";
import { tensor, type Tensor } from "../../ts/tensor/index.js";
import {
  Affine,
  Euclidean,
  Homography,
  PanTiltRotate,
  RandomPhaseError,
  Reflect,
  Rotate,
  Scale,
  Shift,
  Similarity,
  type Transform,
} from "../../ts/transform/index.js";
import { distance, interior, smooth } from "./helpers.js";

beforeAll(async () => {
  await init({ device: "cpu" });
});

const normal = (shape: number[], seed = 1) => new Rng(seed).normal(shape, { dtype: "float64" });
const image = (x: Tensor, b: number) => x.slice([b, 0, 0, 0], [b + 1, ...x.shape.slice(1)]);

describe("rotations by any angle", () => {
  it("take each pixel from where the rotation puts it, also where height and width differ", async () => {
    for (const [h, w] of [
      [40, 40],
      [36, 51],
    ] as const) {
      const f = (row: number, column: number) =>
        Math.sin(0.2 * (row - (h - 1) / 2)) + 0.5 * Math.cos(0.15 * (column - (w - 1) / 2));
      const theta = 25;
      const [c, s] = [Math.cos((theta * Math.PI) / 180), Math.sin((theta * Math.PI) / 180)];
      const out = new Rotate({ interpolationMode: "bilinear" }).transform(smooth(h, w, f), { theta: [theta] });
      const rotated = (row: number, column: number) => {
        const [v, u] = [row - (h - 1) / 2, column - (w - 1) / 2];
        return f((h - 1) / 2 + s * u + c * v, (w - 1) / 2 + c * u - s * v);
      };
      expect(await distance(interior(out, 14), interior(smooth(h, w, rotated), 14))).toBeLessThan(0.02);
    }
  });

  it("and back, but for what interpolation loses: less the smoother it is", async () => {
    const x = smooth(48, 40);
    const error = async (interpolationMode: "nearest" | "bilinear" | "bicubic") => {
      const rotate = new Rotate({ interpolationMode });
      const back = rotate.inverse(rotate.transform(x, { theta: [33] }), { theta: [33] });
      return await distance(interior(back, 14), interior(x, 14));
    };
    const [nearest, bilinear, bicubic] = [await error("nearest"), await error("bilinear"), await error("bicubic")];
    expect(nearest).toBeLessThan(0.2);
    expect(bicubic).toBeLessThan(nearest / 4);
    expect(bilinear).toBeLessThan(5e-3);
  });

  it("are torchvision's: the same numbers, also of the whole rotated image", async () => {
    const x = tensor(
      Float64Array.from({ length: 24 }, (_, i) => i + 1),
      { shape: [1, 1, 4, 6] },
    );
    const cut = new Rotate({ interpolationMode: "bilinear" }).transform(x, { theta: [30] });
    const expected = [
      [0, 1.3308, 3.6298, 7.3888, 11.2548, 8.6019],
      [1.2949, 4.3529, 8.2189, 12.0849, 15.951, 19.817],
      [5.183, 9.049, 12.9151, 16.7811, 20.6471, 19.1298],
      [6.0215, 13.7452, 17.6112, 20.1442, 9.9433, 0],
    ];
    expect(await distance(cut, tensor([[expected]], { dtype: "float64" }))).toBeLessThan(6e-5);
    const free = new Rotate({ interpolationMode: "bilinear", constantShape: false });
    for (const [theta, size] of [
      [30, [8, 8]],
      [77, [8, 6]],
      [200, [6, 8]],
    ] as const)
      expect(free.transform(x, { theta: [theta] }).shape).toEqual([1, 1, ...size]);
    const whole = free.transform(x, { theta: [30] });
    expect(await distance(whole.slice([0, 0, 2, 1], [1, 1, 6, 7]), cut)).toBeLessThan(1e-12);
    const top = whole.slice([0, 0, 1, 0], [1, 1, 2, 8]);
    expect(
      await distance(top, tensor([[[[0, 0, 0, 0.3667, 3.0317, 6.1904, 0.8077, 0]]]], { dtype: "float64" })),
    ).toBeLessThan(6e-5);
    const quarter = new Rotate().transform(x, { theta: [90] });
    const rotated = [
      [0, 5, 11, 17, 23, 0],
      [0, 4, 10, 16, 22, 0],
      [0, 3, 9, 15, 21, 0],
      [0, 2, 8, 14, 20, 0],
    ];
    expect(await distance(quarter, tensor([[rotated]], { dtype: "float64" }))).toBe(0);
  });

  it("without a constant shape the whole image is kept", async () => {
    const ones = tensor(new Float64Array(20 * 30).fill(1), { shape: [1, 1, 20, 30] });
    const out = new Rotate({ constantShape: false, interpolationMode: "bilinear" }).transform(ones, { theta: [30] });
    const [c, s] = [Math.cos(Math.PI / 6), Math.sin(Math.PI / 6)];
    const [h, w] = out.shape.slice(-2) as [number, number];
    expect(Math.abs(h - (20 * c + 30 * s))).toBeLessThan(2);
    expect(Math.abs(w - (30 * c + 20 * s))).toBeLessThan(2);
    expect(Math.abs((await out.sum().item()) / 600 - 1)).toBeLessThan(0.03);
  });
});

describe("zooms", () => {
  it.each([
    [8, 8],
    [7, 12],
    [13, 6],
    [1, 5],
  ])("a factor of 1 is the identity on %i x %i pixels", async (h, w) => {
    const x = normal([2, 2, h, w]);
    for (const center of [
      [0.3, 0.6],
      [0, 1],
    ])
      expect(await distance(new Scale().transform(x, { factor: [1], center: [center] }), x)).toBeLessThan(1e-12);
  });

  it("keep their centre and move the rest towards it, height and width apart", async () => {
    const f = (row: number, column: number) => Math.sin(0.03 * row) + Math.cos(0.04 * column);
    const out = new Scale({ mode: "bilinear" }).transform(smooth(30, 44, f), { factor: [0.8], center: [[0.25, 0.5]] });
    const [cx, cy] = [0.25 * 43, 0.5 * 29];
    const zoomed = smooth(30, 44, (row, column) => f((row - cy) / 0.8 + cy, (column - cx) / 0.8 + cx));
    expect(
      await distance(out.slice([0, 0, 5, 4], [1, 1, 25, 32]), zoomed.slice([0, 0, 5, 4], [1, 1, 25, 32])),
    ).toBeLessThan(1e-3);
  });

  it("each image has its own factor; the inverse restores the interior", async () => {
    const scale = new Scale({ nTrans: 2 });
    const x = normal([3, 1, 9, 7]);
    const params = scale.getParams(x, { rng: new Rng(3) });
    const out = scale.transform(x, params);
    expect(out.shape).toEqual([6, 1, 9, 7]);
    const { factor, center } = params as { factor: number[]; center: number[][] };
    for (const [i, f] of factor.entries()) {
      const alone = new Scale().transform(image(x, i % 3), { factor: [f], center: [center[i] as number[]] });
      expect(await distance(image(out, i), alone)).toBe(0);
    }
    const wide = smooth(40, 50);
    const one = { factor: [0.7], center: [[0.5, 0.5]] };
    const zoom = new Scale({ mode: "bilinear" });
    expect(await distance(interior(zoom.inverse(zoom.transform(wide, one), one), 4), interior(wide, 4))).toBeLessThan(
      0.01,
    );
    expect(scale.inverse(out, params, { batchwise: false }).shape).toEqual([6, 1, 9, 7]);
  });
});

describe("homographies", () => {
  it("without any parameter but one that is neutral they do nothing", async () => {
    const x = normal([2, 2, 6, 9]);
    for (const transform of [new Homography(), new Affine(), new Euclidean({ padding: "zeros" })]) {
      expect(await distance(transform.transform(x, { zoomF: [1] }), x)).toBeLessThan(1e-12);
    }
  });

  it("a pure shift by whole pixels is Shift, away from the border", async () => {
    const x = normal([2, 1, 11, 14]);
    const moved = new Homography().transform(x, { shiftX: [3], shiftY: [-2] });
    const shifted = new Shift().transform(x, { xShift: [-3], yShift: [2] });
    expect(await distance(interior(moved, 3), interior(shifted, 3))).toBeLessThan(1e-12);
  });

  it.each([
    [30, 30],
    [24, 41],
    [41, 24],
  ])("a half turn in the plane turns about the middle pixel of %i x %i", async (h, w) => {
    const x = normal([1, 1, h, w]);
    const out = new Euclidean().transform(x, { thetaZ: [180] });
    const [u, v] = [Math.floor(w / 2), Math.floor(h / 2)];
    for (const [dr, dc] of [
      [0, 0],
      [3, -4],
      [-8, 7],
    ] as const) {
      const at = (t: Tensor, row: number, column: number) =>
        t.slice([0, 0, row, column], [1, 1, row + 1, column + 1]).itemSync();
      expect(at(out, v + dr, u + dc)).toBeCloseTo(at(x, v - dr, u - dc), 9);
    }
  });

  const moves: [string, Transform, object][] = [
    [
      "Homography",
      new Homography({ interpolation: "bilinear" }),
      {
        thetaX: [2],
        thetaY: [-3],
        thetaZ: [20],
        zoomF: [0.95],
        shiftX: [1.5],
        shiftY: [-1],
        skew: [4],
        stretchX: [0.9],
        stretchY: [0.95],
      },
    ],
    ["Affine", new Affine({ interpolation: "bilinear" }), { thetaZ: [-15], zoomF: [0.9], skew: [6], stretchX: [0.95] }],
    ["Similarity", new Similarity({ interpolation: "bilinear" }), { thetaZ: [40], zoomF: [0.9], shiftY: [1.3] }],
    ["PanTiltRotate", new PanTiltRotate({ interpolation: "bilinear" }), { thetaX: [3], thetaY: [2], thetaZ: [-10] }],
  ];
  it.each(moves)(
    "%s: the inverse restores the interior of images of any batch and shape",
    async (_, transform, params) => {
      for (const [h, w] of [
        [48, 48],
        [44, 60],
      ] as const) {
        const x = smooth(h, w).expand([3, 2, h, w]);
        const back = transform.inverse(transform.transform(x, params as never), params as never);
        expect(await distance(interior(back, 16), interior(x, 16))).toBeLessThan(5e-3);
      }
    },
  );

  it("draws stay within their limits, and subgroups vary only what they may", () => {
    const x = { shape: [1, 1, 20, 30] };
    const draw = (t: Transform) => t.getParams(x, { rng: new Rng(1) }) as Record<string, number[]>;
    const all = draw(
      new Homography({
        nTrans: 200,
        thetaMax: 10,
        thetaZMax: 20,
        zoomFactorMin: 0.6,
        shiftMax: 0.2,
        skewMax: 5,
        xStretchFactorMin: 0.8,
      }),
    );
    const limits: Record<string, [number, number]> = {
      thetaX: [-10, 10],
      thetaY: [-10, 10],
      thetaZ: [-20, 20],
      zoomF: [0.6, 1],
      shiftX: [-3, 3],
      shiftY: [-2, 2],
      skew: [-5, 5],
      stretchX: [0.8, 1],
      stretchY: [0.5, 1],
    };
    for (const [name, [low, high]] of Object.entries(limits)) {
      const values = all[name] as number[];
      expect(values).toHaveLength(200);
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...values)).toBeLessThanOrEqual(high);
      // The whole range is used, with its middle in the mean.
      expect(Math.max(...values) - Math.min(...values)).toBeGreaterThan(0.9 * (high - low));
      expect(Math.abs(values.reduce((a, b) => a + b, 0) / 200 - (low + high) / 2)).toBeLessThan(0.1 * (high - low));
    }
    const varied = (t: Transform) =>
      Object.entries(draw(t))
        .filter(([, values]) => new Set(values).size > 1)
        .map(([name]) => name);
    expect(varied(new Affine({ nTrans: 9 }))).toEqual([
      "thetaZ",
      "zoomF",
      "shiftX",
      "shiftY",
      "skew",
      "stretchX",
      "stretchY",
    ]);
    expect(varied(new Similarity({ nTrans: 9 }))).toEqual(["thetaZ", "zoomF", "shiftX", "shiftY"]);
    expect(varied(new Euclidean({ nTrans: 9 }))).toEqual(["thetaZ", "shiftX", "shiftY"]);
    expect(varied(new PanTiltRotate({ nTrans: 9 }))).toEqual(["thetaX", "thetaY", "thetaZ"]);
  });
});

describe("derivatives", () => {
  const cases: [string, Transform, object][] = [
    ["Shift", new Shift(), { xShift: [2], yShift: [-1] }],
    ["Rotate, nearest", new Rotate(), { theta: [25, 90] }],
    ["Rotate, bilinear", new Rotate({ interpolationMode: "bilinear" }), { theta: [25] }],
    ["Reflect", new Reflect(), { dims: [[-1], [-2, -1]] }],
    ["Scale", new Scale(), { factor: [0.7], center: [[0.3, 0.6]] }],
    ["Homography", new Homography(), { thetaX: [3], thetaY: [2], thetaZ: [15], zoomF: [0.9], skew: [2] }],
    ["Phase error", new RandomPhaseError(), { se: [0.3], so: [-0.5] }],
  ];
  it.each(cases)("%s and its inverse are differentiable in the images", (_, transform, params) => {
    const x = normal([1, 2, 3, 4]);
    expect(gradcheck((t) => transform.transform(t, params as never), [x])).toBe(true);
    expect(gradcheck((t) => transform.inverse(t, params as never), [x])).toBe(true);
  });
});
