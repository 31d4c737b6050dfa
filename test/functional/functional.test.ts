import { beforeAll, describe, expect, it } from "vitest";
import {
  conv2d,
  convTranspose2d,
  gridSample,
  linear,
  magnitude,
  maxPool2d,
  pad,
  perImage,
  safeSqrt,
} from "../../ts/functional/index.js";
import { Rng } from "../../ts/random/index.js";
import { AdjointError, init } from "../../ts/runtime/index.js";
import { grad, ones, tensor, zeros } from "../../ts/tensor/index.js";
import type { Tensor } from "../../ts/tensor/index.js";

beforeAll(() => init());

function caught(fn: () => unknown): AdjointError {
  try {
    fn();
  } catch (error) {
    return error as AdjointError;
  }
  throw new Error("nothing was thrown");
}

describe("functions with options", () => {
  const images = () => ones([1, 2, 4, 4]);

  it.each<[string, (options: object) => Tensor]>([
    ["conv2d", (options) => conv2d(images(), ones([2, 2, 3, 3]), options)],
    ["convTranspose2d", (options) => convTranspose2d(images(), ones([2, 2, 3, 3]), options)],
    ["linear", (options) => linear(ones([3, 4]), ones([2, 4]), options)],
  ])("%s adds a bias given as an option, and refuses one in the place of the options", (name, run) => {
    const bias = ones([2]);
    const difference = run({ bias }).sub(run({}));
    expect(difference.dataSync().every((value) => value === 1)).toBe(true);
    const error = caught(() => run(bias));
    expect(error.code).toBe("invalid_argument");
    expect(error.message).toContain(`${name}: `);
    expect(error.message).toContain("give the bias as an option: { bias }");
  });

  it.each([
    ["conv2d", (mixed: boolean) => conv2d(images(), ones([2, 2, 3, 3]), { mixed })],
    ["convTranspose2d", (mixed: boolean) => convTranspose2d(images(), ones([2, 2, 3, 3]), { mixed })],
    ["linear", (mixed: boolean) => linear(ones([3, 4]), ones([2, 4]), { mixed })],
  ])("%s takes mixed, which changes nothing on the CPU, and names itself where it is no boolean", (name, run) => {
    expect(run(true).dataSync()).toEqual(run(false).dataSync());
    const error = caught(() => run("yes" as never));
    expect(error.code).toBe("invalid_argument");
    expect(error.message).toContain(`${name}: mixed is`);
  });

  it("name an unknown option and the nearest known one", () => {
    const error = caught(() => maxPool2d(images(), 2, { strides: 2 } as never));
    expect(error.code).toBe("unknown_option");
    expect(error.message).toContain('did you mean "stride"?');
  });
});

describe("pad", () => {
  it("takes (before, after) of each axis from the first, as Tensor.pad does", () => {
    const x = new Rng(0).normal([1, 2, 3, 4]);
    const widths = [0, 1, 2, 0, 1, 2, 0, 3];
    expect(pad(x, widths).shape).toEqual([2, 4, 6, 7]);
    for (const options of [{}, { value: 2 }, { mode: "replicate" }] as const)
      expect(pad(x, widths, options).dataSync()).toEqual(x.pad(widths, options).dataSync());
    const error = caught(() => pad(x, [1, 1]));
    expect(error.code).toBe("invalid_argument");
  });
});

describe("safeSqrt", () => {
  it("is the square root, with derivatives 0 at zero", () => {
    const t = tensor([0, 4, 9], { dtype: "float64" }).requiresGrad_();
    const y = safeSqrt(t);
    expect([...y.dataSync()]).toEqual([0, 2, 3]);
    const [slope] = grad(y.sum(), [t], { createGraph: true });
    expect([...slope!.dataSync()]).toEqual([0, 1 / 4, 1 / 6]);
    const [curvature] = grad(slope!.sum(), [t]);
    [0, -1 / 32, -1 / 108].forEach((value, i) => expect(curvature!.dataSync()[i]).toBeCloseTo(value, 15));
  });

  it("gives a magnitude whose gradient and curvature vanish at zero", () => {
    const x = zeros([1, 2, 3], { dtype: "float64" }).requiresGrad_();
    const [slope] = grad(magnitude(x).sum(), [x], { createGraph: true });
    const [curvature] = grad(slope!.sum(), [x]);
    for (const value of [...slope!.dataSync(), ...curvature!.dataSync()]) expect(value).toBeCloseTo(0, 15);
  });
});

describe("gridSample", () => {
  it("gives the gradient of a nearest pixel to the pixel that was sampled, recorded or not", () => {
    const size = 11;
    // Beside the boundaries of pixels, where rounding decides.
    const places = Array.from({ length: 400 }, (_, i) => {
      const edge = (Math.floor(i / 40) + 1 - size / 2) / (size / 2);
      return edge + ((i % 40) - 20) * 2 ** -25;
    });
    const grid = tensor(
      places.flatMap((y) => [0, y]),
      { shape: [1, 20, 20, 2], requiresGrad: true },
    );
    const x = tensor(
      Array.from({ length: size ** 2 }, (_, i) => Math.floor(i / size)),
      {
        shape: [1, 1, size, size],
        requiresGrad: true,
      },
    );
    const sampled = gridSample(x, grid, { mode: "nearest" });
    const counts = new Array<number>(size).fill(0);
    for (const row of sampled.dataSync()) counts[row] = (counts[row] ?? 0) + 1;
    for (const createGraph of [false, true]) {
      const [gradient] = grad(sampled.sum(), [x], { createGraph }) as [Tensor];
      expect([...gradient.sum(3).dataSync()], `createGraph ${createGraph}`).toEqual(counts);
    }
  });
});

describe("perImage", () => {
  const images = () => new Rng(0).normal([3, 2, 4, 4], { dtype: "float64" });

  it("takes a number, one value, one for each image, or a tensor that broadcasts", () => {
    const y = images();
    expect(perImage("test", "sigma", 0.1, y)).toBe(0.1);
    const shapes = [[], [1], [3], [1, 2, 1, 1]].map(
      (shape) => (perImage("test", "sigma", ones(shape), y) as Tensor).shape,
    );
    expect(shapes).toEqual([
      [1, 1, 1, 1],
      [1, 1, 1, 1],
      [3, 1, 1, 1],
      [1, 2, 1, 1],
    ]);
    expect((perImage("test", "sigma", ones([3]), y) as Tensor).dtype).toBe("float64");
  });

  it("refuses other shapes, by name", () => {
    for (const shape of [[2], [1, 3], [3, 2, 4, 5]]) {
      const error = caught(() => perImage("test", "sigma", ones(shape), images()));
      expect(error.code).toBe("shape_mismatch");
      expect(error.message).toContain("test: sigma has shape");
    }
  });
});
