import { beforeAll, describe, expect, it } from "vitest";
import { estimateNoise, knownNoise, type NoiseEstimate } from "../../ts/denoise/index.js";
import type { Pixels } from "../../ts/io/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { cartoon, drawn, eightBit, photograph, withNoise, withPoisson } from "./pictures.js";

let pictures: Record<string, Pixels>;
beforeAll(async () => {
  await init();
  pictures = {
    camera: await photograph("camera"),
    chelsea: await photograph("chelsea", 192),
    coffee: await photograph("coffee", 192),
    cell: await photograph("cell"),
    ramp: drawn(192, (y, x) => 0.3 + 0.5 * y + 0.15 * Math.sin(9 * x)),
  };
});

const files = [
  ["as floats", (image: Pixels) => image],
  ["as 8 bits", eightBit],
] as const;

describe("levels over a grid, within 10 percent on each picture, within 3 percent on average", () => {
  const checked = (ratios: readonly number[]) => {
    for (const ratio of ratios) expect(Math.abs(ratio - 1)).toBeLessThan(0.1);
    const mean = ratios.reduce((a, b) => a + b, 0) / ratios.length;
    expect(Math.abs(mean - 1)).toBeLessThan(0.03);
  };

  it.each(files)("gaussian, %s, the clipped ones included", (_, store) => {
    checked(
      [0.02, 0.05, 0.1, 0.2, 0.3].flatMap((sigma) =>
        Object.values(pictures).map((picture, k) => {
          const noisy = store(withNoise(picture, sigma, new Rng(100 * sigma + k)));
          return (estimateNoise([noisy], { noise: "gaussian" }).sigma as number) / sigma;
        }),
      ),
    );
  });

  it.each(files)("poisson, %s", async (_, store) => {
    const ratios: number[] = [];
    for (const gain of [0.005, 0.02, 0.05]) {
      for (const picture of Object.values(pictures)) {
        const noisy = store(await withPoisson(picture, gain, new Rng(7)));
        ratios.push((estimateNoise([noisy], { noise: "poisson" }).gain as number) / gain);
      }
    }
    checked(ratios);
  });

  it.each(files)("poisson-gaussian, %s: gain and read noise, on average over pictures", async (_, store) => {
    const { cell: _narrow, ...wide } = pictures;
    for (const [gain, sigma] of [
      [0.005, 0.02],
      [0.01, 0.03],
      [0.02, 0.05],
    ] as const) {
      const found: NoiseEstimate[] = [];
      for (const picture of Object.values(wide)) {
        const counts = await withPoisson(picture, gain, new Rng(8));
        found.push(estimateNoise([store(withNoise(counts, sigma, new Rng(9)))], { noise: "poisson-gaussian" }));
      }
      const mean = (key: "gain" | "sigma") => found.reduce((sum, one) => sum + (one[key] as number), 0) / found.length;
      expect(Math.abs(mean("gain") / gain - 1)).toBeLessThan(0.1);
      expect(Math.abs(mean("sigma") / sigma - 1)).toBeLessThan(0.1);
    }
  });

  it("gamma", () => {
    const looks = 12;
    const ratios = [pictures["camera"], pictures["ramp"]].map((picture, k) => {
      // For many looks gamma noise is nearly normal.
      const noisy = withNoise(picture as Pixels, (x) => x / Math.sqrt(looks), new Rng(k));
      return (estimateNoise([noisy], { noise: "gamma" }).looks as number) / looks;
    });
    checked(ratios);
  });
});

describe("auto", () => {
  it.each(["camera", "chelsea", "coffee"])("chooses the model of %s", async (name) => {
    const picture = pictures[name] as Pixels;
    const counts = await withPoisson(picture, 0.02, new Rng(1));
    const cases = {
      gaussian: withNoise(picture, 0.05, new Rng(2)),
      poisson: counts,
      "poisson-gaussian": withNoise(counts, 0.05, new Rng(3)),
      gamma: withNoise(picture, (x) => x / Math.sqrt(15), new Rng(4)),
    };
    for (const [noise, image] of Object.entries(cases)) {
      const estimate = estimateNoise([eightBit(image)]);
      expect(estimate.noise).toBe(noise);
      expect(estimate.found).toContain(noise);
    }
  });

  it("finds the offset of a camera, from which counts grow", async () => {
    const counts = await withPoisson(pictures["camera"] as Pixels, 0.02, new Rng(1));
    const { noise, gain, offset } = estimateNoise([{ ...counts, data: counts.data.map((value) => value + 0.2) }]);
    expect([noise, gain, offset]).toEqual(["poisson-gaussian", expect.closeTo(0.02, 2), expect.closeTo(0.2, 1)]);
    expect(Math.abs((offset as number) - 0.2)).toBeLessThan(0.02);
  });

  it("finds no noise in a drawing, and none where only structure is", async () => {
    for (const image of [eightBit(cartoon(96)), drawn(64, () => 0.5)]) {
      expect(estimateNoise([image])).toMatchObject({ noise: "gaussian", sigma: 0 });
      expect(estimateNoise([image], { noise: "gamma" }).looks).toBe(Infinity);
    }
    expect(estimateNoise([await photograph("chelsea")]).sigma).toBe(0);
  });
});

it("is in the units of the picture, whatever they are, and finds where it was clipped", () => {
  const noisy = eightBit(withNoise(pictures["camera"] as Pixels, 0.1, new Rng(5)));
  const reference = estimateNoise([noisy]);
  expect(reference).toMatchObject({ clipLow: 0, clipHigh: 1 });
  for (const [a, b] of [
    [4095 / 65535, 0],
    [500, 100],
    [2000, -1000],
  ] as const) {
    const estimate = estimateNoise([{ ...noisy, data: noisy.data.map((value) => a * value + b) }]);
    expect(Math.abs((estimate.sigma as number) / (a * (reference.sigma as number)) - 1)).toBeLessThan(0.01);
    expect(estimate.clipLow).toBeCloseTo(b, 3);
    expect(estimate.clipHigh).toBeCloseTo(a + b, 3);
  }
});

it("tells where neighbouring pixels vary together, and does not take that for noise", () => {
  const picture = pictures["ramp"] as Pixels;
  const noisy = withNoise(picture, 0.08, new Rng(6));
  expect(estimateNoise([noisy]).correlation).toBe(0);
  const [, rows, columns] = noisy.shape;
  // The mean of 2 x 2 neighbours: half of the noise, neighbours correlated by 1/2.
  const smooth = noisy.data.map((_, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    const at = (y: number, x: number) =>
      noisy.data[Math.min(rows - 1, y) * columns + Math.min(columns - 1, x)] as number;
    return (at(i, j) + at(i + 1, j) + at(i, j + 1) + at(i + 1, j + 1)) / 4;
  });
  const found = estimateNoise([{ ...noisy, data: smooth }]);
  // Nothing is independent, and this is said; or what is independent counts, and the correlation is said.
  expect(found.sigma ?? 0).toBeLessThan(0.04);
  expect(found.sigma === 0 || found.correlation > 0.3).toBe(true);
});

it("takes known levels, and refuses those that are none", () => {
  const image = pictures["camera"] as Pixels;
  expect(knownNoise([image], { noise: "gaussian", sigma: 0.1 })).toMatchObject({ noise: "gaussian", sigma: 0.1 });
  for (const known of [
    { noise: "gaussian" },
    { noise: "gaussian", sigma: -1 },
    { noise: "poisson", gain: Number.NaN },
  ] as const)
    expect(() => knownNoise([image], known)).toThrow(/level of the/);
  const one = { ...image, data: image.data.subarray(1) };
  for (const images of [[], [one], [{ data: new Float32Array(49), shape: [1, 7, 7] as [number, number, number] }]])
    expect(() => estimateNoise(images)).toThrow(/denoise.estimateNoise: /);
});

it("a picture with negative values, as of CT or after a subtraction, has neither Poisson nor gamma noise", () => {
  // Most of the picture is dark and below 0: the few points above would fit any model.
  const picture = pictures["cell"] as Pixels;
  for (const [k, shift] of [0.3, 0.4, 0.5, 0.6].entries()) {
    const noisy = withNoise(picture, 0.03, new Rng(k));
    const shifted = { ...noisy, data: noisy.data.map((value) => value - shift) };
    expect(["gaussian", "poisson-gaussian"]).toContain(estimateNoise([shifted]).noise);
    expect(estimateNoise([shifted], { noise: "poisson" }).noise).toBe("poisson");
  }
});
