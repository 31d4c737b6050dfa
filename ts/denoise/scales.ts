import { avgPool2d, interpolate } from "../functional/index.js";
import type { Pixels } from "../io/index.js";
import { noGrad, tensor, tidy } from "../tensor/index.js";

/** Scales beside that of the picture: a half and a quarter of the resolution. */
const COARSER = 2;

/** Smallest side of an image that is denoised by itself. */
const SMALLEST = 32;

/** Passes of 3 x 3 means that keep a correction from the finest details of the coarser scale. */
const PASSES = 3;

/** Evaluations of the network on all scales, in units of those on the finest. */
export const workOfScales = 1 + 1 / 4 + 1 / 16;

/** The image at a half and a quarter of the resolution, each pixel the mean of 2 x 2; fewer for a small image. */
export function coarserScales(image: Pixels): Pixels[] {
  const scales: Pixels[] = [];
  let finer = image;
  while (scales.length < COARSER && Math.min(finer.shape[1], finer.shape[2]) >= 2 * SMALLEST) {
    finer = halved(finer);
    scales.push(finer);
  }
  return scales;
}

/** Means of 2 x 2 pixels; an odd last row or column is left out. */
function halved({ data, shape }: Pixels): Pixels {
  const [channels, rows, columns] = shape;
  const [height, width] = [rows >> 1, columns >> 1];
  const result = new Float32Array(channels * height * width);
  let to = 0;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < height; i++) {
      let from = (c * rows + 2 * i) * columns;
      for (let j = 0; j < width; j++, from += 2) {
        const upper = (data[from] as number) + (data[from + 1] as number);
        const lower = (data[from + columns] as number) + (data[from + columns + 1] as number);
        result[to++] = (upper + lower) / 4;
      }
    }
  }
  return { data: result, shape: [channels, height, width] };
}

/**
 * A denoised image whose coarse structures are those that were denoised at half its resolution, where the network sees
 * twice as far: `x + U B (c - H x)` with the means of 2 x 2 pixels H, means of 3 x 3 pixels, three times, B, and linear
 * interpolation U. Details stay as they are (Facciolo, Pierazzo, Morel, "Conservative scale recomposition for
 * multiscale denoising", SIAM Journal on Imaging Sciences, 2017). Written into the image that is given: a picture may
 * be large.
 */
export async function withCoarseScale(fine: Pixels, coarse: Pixels): Promise<Pixels> {
  const [, rows, columns] = fine.shape;
  const difference = halved(fine).data.map((value, i) => (coarse.data[i] as number) - value);
  const correction = noGrad(() =>
    tidy(() => {
      let smooth = tensor(difference, { shape: [1, ...coarse.shape] });
      for (let k = 0; k < PASSES; k++) smooth = avgPool2d(smooth, 3, { stride: 1, padding: 1, countIncludePad: false });
      const [height, width] = [2 * coarse.shape[1], 2 * coarse.shape[2]];
      const wide = interpolate(smooth, { size: [height, width], mode: "bilinear" });
      return wide.pad([0, 0, 0, 0, 0, rows - height, 0, columns - width], { mode: "replicate" });
    }),
  );
  const added = await correction.data();
  correction.dispose();
  for (let i = 0; i < added.length; i++) fine.data[i] = (fine.data[i] as number) + (added[i] as number);
  return fine;
}
