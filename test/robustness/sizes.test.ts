import { beforeAll, describe, expect, it } from "vitest";
import { init, nn, physics, train, transform } from "../../ts/node.js";

/** Each of these asked for more memory or time than there is; now the option is refused at once. */
const TOO_LARGE: readonly [string, () => unknown, string][] = [
  ["gaussianBlur of sigma 1e5", () => physics.gaussianBlur({ sigma: 1e5 }), "sigma"],
  ["gaussianBlur of a size of 1e6", () => physics.gaussianBlur({ size: [1e6, 1e6] }), "size"],
  ["bilinearFilter", () => physics.bilinearFilter(65536), "factor"],
  ["bicubicFilter", () => physics.bicubicFilter(1e9), "factor"],
  ["sincFilter", () => physics.sincFilter(1e9), "length"],
  ["sincFilter of a length of 1e9", () => physics.sincFilter(2, 1e9), "length"],
  ["MedianFilter", () => new nn.MedianFilter({ kernelSize: 2 ** 32 }), "kernelSize"],
  ["PatchGANDiscriminator", () => new nn.PatchGANDiscriminator({ nLayers: 2 ** 32 }), "nLayers"],
  ["DnCNN", () => new nn.DnCNN({ depth: 1e9, nf: 1, inChannels: 1, outChannels: 1 }), "depth"],
  ["UNet", () => new nn.UNet({ scales: 2 ** 31 }), "scales"],
  ["MoDL", () => new nn.MoDL({ numIter: 2 ** 31 }), "numIter"],
  ["Sequential", () => new nn.Sequential(new Array<never>(2 ** 31)), "layers"],
  ["Tomography of 1e8 angles", () => new physics.Tomography({ angles: 1e8, imgWidth: 64 }), "angles"],
  ["Tomography of a width of 1e9", () => new physics.Tomography({ angles: 4, imgWidth: 1e9 }), "imgWidth"],
  ["RandomPhaseError", () => new transform.RandomPhaseError({ nTrans: 2 ** 31 - 1 }), "nTrans"],
  ["Shift", () => new transform.Shift({ nTrans: 2 ** 31 - 1 }), "nTrans"],
  ["Rotate in steps of 1e-9 degrees", () => new transform.Rotate({ multiples: 1e-9 }).angles(), "multiples"],
  ["MotionBlurGenerator", () => new physics.MotionBlurGenerator({ psfSize: 1e6 }), "psfSize"],
  ["MotionBlurGenerator of 1e9 steps", () => new physics.MotionBlurGenerator({ psfSize: 9, nSteps: 1e9 }), "nSteps"],
  [
    "DiffractionBlurGenerator",
    () => new physics.DiffractionBlurGenerator({ psfSize: 9, zernikeIndex: [1e12] }),
    "zernikeIndex",
  ],
  ["RandomMaskGenerator", () => new physics.RandomMaskGenerator({ imgSize: [2, 2 ** 20, 2 ** 20] }), "imgSize"],
  ["SinglePixelCamera", () => new physics.SinglePixelCamera({ m: 4, imgSize: [1, 8192, 8192], fast: true }), "imgSize"],
  ["a generator's batch", () => new physics.SigmaGenerator().step(2 ** 40), "batchSize"],
  ["Decolorize", () => new physics.Decolorize({ channels: 2 ** 40 }), "channels"],
];

describe("sizes that follow from options", () => {
  beforeAll(async () => await init());

  it.each(TOO_LARGE)("%s", (_name, make, option) => {
    const before = performance.now();
    expect(make).toThrow(expect.objectContaining({ name: "ArgumentError", code: "invalid_argument" }));
    expect(make).toThrow(option);
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it("what is used is far below the bounds", () => {
    expect(physics.gaussianBlur({ sigma: 20 }).shape).toEqual([1, 1, 135, 135]);
    expect(physics.sincFilter(8).shape).toEqual([1, 1, 32, 32]);
    expect(new nn.MedianFilter({ kernelSize: 15 }).kernelSize).toEqual([15, 15]);
    expect(new physics.Tomography({ angles: 180, imgWidth: 16 }).angles.size).toBe(180);
  });

  it("the ticks of a chart end, whatever the values", () => {
    const entry = (step: number, loss: number) => ({ step, epoch: 0, loss });
    const pairs: [number, number][] = [
      [0.25, 0.25000000000000006],
      [1e300, 1e300 * (1 + 2 ** -52)],
      [5e-324, 1e-323],
      [-1.7e308, 1.7e308],
      [0, 0],
    ];
    for (const [a, b] of pairs) {
      const [svg = ""] = train.trainingCharts([entry(10, a), entry(20, b)]);
      expect(svg.match(/class="grid"/g)?.length ?? 0).toBeLessThan(20);
    }
    const [svg = ""] = train.trainingCharts([entry(10, 1), entry(20, 3)]);
    // 1, 1.5, 2, 2.5, 3.
    expect(svg.match(/class="grid"/g)).toHaveLength(5);
  });
});
