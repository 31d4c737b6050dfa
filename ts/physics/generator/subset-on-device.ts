import type { RandomSource } from "../../random/index.js";
import { tensor, where, type Tensor } from "../../tensor/index.js";
import { permutationValues } from "./cpu-values.js";

/**
 * Keeps `floor(ratio n)` of the n measured entries of each mask `[B, ...]`, without reading the mask.
 *
 * Every entry gets a place in a random order; the place up to which entries are kept is found by bisection on the
 * device. At least one entry is kept and one left out where there are two. `pixelwise` treats the channels (dimension
 * 1) as one.
 */
export function subsetOnDevice(mask: Tensor, ratio: () => number, pixelwise: boolean, rng: RandomSource): Tensor {
  const [batch = 1, ...shape] = mask.shape;
  const planeShape = pixelwise ? [1, ...shape.slice(1)] : shape;
  const entries = planeShape.reduce((a, b) => a * b, 1);
  const ends = [batch, ...planeShape];
  const measured = mask
    .ne(0)
    .slice(
      ends.map(() => 0),
      ends,
    )
    .reshape([batch, entries]);
  const like = { dtype: mask.dtype, device: mask.device };

  const places = new Float32Array(batch * entries);
  const ratios: number[] = [];
  for (let b = 0; b < batch; b++) {
    ratios.push(ratio());
    permutationValues(rng, entries).forEach((place, i) => (places[b * entries + i] = place + 1));
  }
  const place = where(measured, tensor(places, { shape: [batch, entries], ...like }), measured.mul(0).add(entries + 1));
  const n = measured.sum(1, true);
  const count = tensor(ratios, { shape: [batch, 1], ...like })
    .mul(n)
    .floor()
    .maximum(1)
    .minimum(n.sub(1));

  let low = n.mul(0);
  let high = low.add(entries);
  for (let left = entries; left > 0; left = Math.floor(left / 2)) {
    const middle = low.add(high).div(2).floor();
    const enough = place.le(middle).sum(1, true).ge(count);
    high = where(enough, middle, high);
    low = where(enough, low, middle.add(1));
  }
  return place
    .le(high)
    .mul(measured)
    .reshape([batch, ...planeShape])
    .expand([batch, ...shape])
    .mul(1);
}
