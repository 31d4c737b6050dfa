import * as physics from "../../ts/physics/index.js";
import { ones, tensor, type Tensor } from "../../ts/tensor/index.js";
import { normal, type Rng } from "./helpers.js";
import { weightedCases } from "./weighted.js";

/** An operator under test, and the size of images it takes, batch included. */
export interface OperatorCase {
  readonly name: string;
  readonly make: (rng: Rng) => physics.LinearPhysics;
  readonly size: number[];
}

/** A random filter with most of its weight in the centre: others can be as good as impossible to invert. */
export function filter(rng: Rng, shape: number[]): Tensor {
  const [, , h = 1, w = 1] = shape;
  const centre = (n: number): number => Math.floor(n / 2);
  const peak = Float64Array.from({ length: h * w }, (_, i) => (i === centre(h) * w + centre(w) ? 1 : 0));
  return normal(rng, shape)
    .mul(0.1)
    .add(tensor(peak, { shape: [1, 1, h, w] }));
}

/** Every padding. */
export const paddings = ["valid", "constant", "circular", "reflect", "replicate"] as const;

/** Every linear operator, in odd sizes, with one pixel, batches and channels. */
export const operatorCases: readonly OperatorCase[] = [
  { name: "Denoising, one pixel", make: () => new physics.Denoising(), size: [2, 1, 1, 1] },
  {
    name: "Inpainting, odd",
    make: (rng) => new physics.Inpainting({ imgSize: [2, 5, 3], mask: 0.6, rng }),
    size: [3, 2, 5, 3],
  },
  {
    name: "Inpainting, one pixel",
    make: () => new physics.Inpainting({ imgSize: [1, 1, 1], mask: ones([1, 1, 1]) }),
    size: [2, 1, 1, 1],
  },
  {
    name: "Inpainting, vectors",
    make: (rng) => new physics.Inpainting({ imgSize: [7], mask: 0.5, rng }),
    size: [2, 7],
  },
  ...paddings.flatMap((padding) =>
    [
      [1, 1],
      [3, 3],
      [2, 4],
      [5, 2],
    ].flatMap(([h, w]) =>
      [
        [1, 1],
        [1, 3],
        [2, 1],
        [2, 3],
      ].map(([b, c]) => ({
        name: `Blur ${padding}, filter [${b}, ${c}, ${h}, ${w}]`,
        make: (rng: Rng) =>
          new physics.Blur({ filter: filter(rng, [b as number, c as number, h as number, w as number]), padding }),
        size: [2, 3, 7, 6],
      })),
    ),
  ),
  {
    name: "Blur constant, filter larger than a one-pixel image",
    make: (rng) => new physics.Blur({ filter: filter(rng, [1, 1, 3, 3]), padding: "constant" }),
    size: [1, 1, 1, 1],
  },
  {
    name: "BlurFFT, odd",
    make: (rng) => new physics.BlurFFT({ imgSize: [2, 5, 4], filter: filter(rng, [1, 2, 3, 4]) }),
    size: [2, 2, 5, 4],
  },
  {
    name: "BlurFFT, one pixel",
    make: (rng) => new physics.BlurFFT({ imgSize: [1, 1, 1], filter: filter(rng, [1, 1, 1, 1]) }),
    size: [2, 1, 1, 1],
  },
  ...([1, 2, 3] as const).map((factor) => ({
    name: `Downsampling by ${factor}, size not a multiple`,
    make: (rng: Rng) =>
      new physics.Downsampling({ imgSize: [1, 7, 5], factor, filter: filter(rng, [1, 1, 3, 3]), padding: "circular" }),
    size: [2, 1, 7, 5],
  })),
  {
    name: "Downsampling, the closed form, a filter for each image",
    make: (rng) => new physics.Downsampling({ imgSize: [2, 6, 4], factor: 2, filter: filter(rng, [2, 1, 3, 4]) }),
    size: [2, 2, 6, 4],
  },
  {
    name: "Downsampling, the closed form, a filter for each channel",
    make: (rng) => new physics.Downsampling({ imgSize: [2, 3, 6], factor: 3, filter: filter(rng, [1, 2, 3, 3]) }),
    size: [1, 2, 3, 6],
  },
  {
    name: "Downsampling, valid",
    make: () => new physics.Downsampling({ imgSize: [1, 8, 9], factor: 2, filter: "bilinear", padding: "valid" }),
    size: [1, 1, 8, 9],
  },
  {
    name: "Decolorize",
    make: () => new physics.Decolorize({ channels: 4, srf: [0.5, 0.25, 0.25] }),
    size: [2, 4, 3, 2],
  },
  {
    name: "CompressedSensing",
    make: (rng) => new physics.CompressedSensing({ m: 5, imgSize: [2, 3, 4], rng }),
    size: [2, 2, 3, 4],
  },
  {
    name: "CompressedSensing, channelwise",
    make: (rng) => new physics.CompressedSensing({ m: 5, imgSize: [2, 3, 4], channelwise: true, rng }),
    size: [2, 2, 3, 4],
  },
  { name: "MRI, odd", make: (rng) => new physics.MRI({ mask: rng.bernoulli([5, 4], 0.5) }), size: [2, 2, 5, 4] },
  { name: "MRI, one pixel", make: () => new physics.MRI({ mask: ones([1, 1]) }), size: [1, 2, 1, 1] },
  {
    name: "MRI, volumes",
    make: (rng) => new physics.MRI({ mask: rng.bernoulli([2, 3, 4], 0.5), threeD: true }),
    size: [1, 2, 2, 3, 4],
  },
  {
    name: "MultiCoilMRI, odd",
    make: (rng) => new physics.MultiCoilMRI({ mask: rng.bernoulli([5, 4], 0.5), coilMaps: normal(rng, [3, 5, 4, 2]) }),
    size: [2, 2, 5, 4],
  },
  {
    name: "MultiCoilMRI, one pixel",
    make: (rng) => new physics.MultiCoilMRI({ mask: ones([1, 1]), coilMaps: normal(rng, [2, 1, 1, 2]) }),
    size: [1, 2, 1, 1],
  },
  {
    name: "MultiCoilMRI, maps and masks of a batch",
    make: (rng) =>
      new physics.MultiCoilMRI({ mask: rng.bernoulli([2, 1, 3, 5], 0.5), coilMaps: normal(rng, [2, 2, 3, 5, 2]) }),
    size: [2, 2, 3, 5],
  },
  {
    name: "MultiCoilMRI, volumes",
    make: () => new physics.MultiCoilMRI({ imgSize: [3, 4, 5], coilMaps: 9, threeD: true }),
    size: [1, 2, 3, 4, 5],
  },
  {
    name: "DynamicMRI, odd",
    make: (rng) => new physics.DynamicMRI({ mask: rng.bernoulli([3, 5, 4], 0.5) }),
    size: [2, 2, 3, 5, 4],
  },
  { name: "DynamicMRI, one pixel", make: () => new physics.DynamicMRI({ imgSize: [1, 1, 1] }), size: [1, 2, 1, 1, 1] },
  {
    name: "SequentialMRI, overlapping frames, one mask for a batch",
    make: (rng) => new physics.SequentialMRI({ mask: rng.bernoulli([3, 5, 4], 0.5) }),
    size: [2, 2, 5, 4],
  },
  {
    name: "SequentialMRI, weights instead of 0 and 1",
    make: (rng) => new physics.SequentialMRI({ mask: normal(rng, [2, 1, 3, 3, 4]) }),
    size: [2, 2, 3, 4],
  },
  {
    name: "SequentialMRI, one pixel",
    make: () => new physics.SequentialMRI({ imgSize: [2, 1, 1] }),
    size: [1, 2, 1, 1],
  },
  ...paddings.flatMap((padding) =>
    [
      [1, 1],
      [2, 3],
    ].map(([b, c]) => ({
      name: `Blur by Fourier transforms, ${padding}, filter [${b}, ${c}, 3, 4]`,
      make: (rng: Rng) =>
        new physics.Blur({ filter: filter(rng, [b as number, c as number, 3, 4]), padding, useFft: true }),
      size: [2, 3, 4, 5],
    })),
  ),
  {
    name: "Blur circular, filter larger than the image",
    make: (rng) => new physics.Blur({ filter: filter(rng, [1, 1, 7, 8]), padding: "circular" }),
    size: [2, 1, 3, 4],
  },
  {
    name: "BlurFFT, filter larger than the image",
    make: (rng) => new physics.BlurFFT({ imgSize: [1, 3, 4], filter: filter(rng, [1, 1, 7, 8]) }),
    size: [2, 1, 3, 4],
  },
  {
    name: "BlurFFT, a filter for each image and channel",
    make: (rng) => new physics.BlurFFT({ imgSize: [3, 4, 5], filter: filter(rng, [2, 3, 3, 2]) }),
    size: [2, 3, 4, 5],
  },
  {
    name: "Downsampling, filter larger than the image",
    make: () => new physics.Downsampling({ imgSize: [1, 6, 5], factor: 2, filter: "gaussian" }),
    size: [2, 1, 6, 5],
  },
  {
    name: "SinglePixelCamera, fast, not square",
    make: () => new physics.SinglePixelCamera({ m: 5, imgSize: [2, 4, 2] }),
    size: [2, 2, 4, 2],
  },
  {
    name: "SinglePixelCamera, fast, one pixel",
    make: () => new physics.SinglePixelCamera({ m: 1, imgSize: [1, 1, 1] }),
    size: [2, 1, 1, 1],
  },
  {
    name: "SinglePixelCamera, random",
    make: (rng) => new physics.SinglePixelCamera({ m: 5, imgSize: [2, 3, 5], fast: false, rng }),
    size: [2, 2, 3, 5],
  },
  {
    name: "SinglePixelCamera, random, more patterns than pixels",
    make: (rng) => new physics.SinglePixelCamera({ m: 7, imgSize: [1, 2, 2], fast: false, rng }),
    size: [2, 1, 2, 2],
  },
  {
    name: "Tomography",
    make: () => new physics.Tomography({ angles: 5, imgWidth: 9, normalize: false }),
    size: [2, 2, 9, 9],
  },
  {
    name: "Tomography, circle, given angles",
    make: () => new physics.Tomography({ angles: [10, 33, 200, -15], imgWidth: 8, circle: true, normalize: false }),
    size: [2, 1, 8, 8],
  },
  {
    name: "Tomography, normalised, tiles that do not fit",
    make: () => new physics.Tomography({ angles: 3, imgWidth: 11 }),
    size: [1, 1, 11, 11],
  },
  { name: "Tomography, one pixel", make: () => new physics.Tomography({ angles: 2, imgWidth: 1 }), size: [1, 1, 1, 1] },
  { name: "Demosaicing", make: () => new physics.Demosaicing({ imgSize: [5, 4] }), size: [2, 3, 5, 4] },
  {
    name: "composed",
    make: (rng) =>
      new physics.Inpainting({ imgSize: [1, 6, 5], mask: 0.5, rng }).compose(
        new physics.Blur({ filter: filter(rng, [1, 1, 3, 2]), padding: "reflect" }),
      ),
    size: [2, 1, 6, 5],
  },
  {
    name: "adjoint by differentiation",
    make: () => new physics.LinearPhysics({ A: (x) => x.roll([1, 2], [2, 3]).mul(3), imgSize: [1, 4, 3] }),
    size: [2, 1, 4, 3],
  },
  ...weightedCases,
];
