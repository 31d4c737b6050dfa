import { permutationValues, type RandomSource } from "../../random/index.js";
import { tensor, where, type Tensor } from "../../tensor/index.js";

/**
 * Keeps `floor(ratio n)` of the n measured entries of each mask `[B, ...]`, without reading the mask.
 *
 * Every entry gets a rank in a random order; the rank up to which entries are kept is found by bisection on the device.
 * Of two or more entries, at least one is kept and at least one left out. With `pixelwise`, all channels (dimension 1)
 * get the same mask, that of the first channel.
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

  const ranks = new Float32Array(batch * entries);
  const ratios: number[] = [];
  for (let b = 0; b < batch; b++) {
    ratios.push(ratio());
    permutationValues(rng, entries).forEach((rank, i) => (ranks[b * entries + i] = rank + 1));
  }
  const rank = where(measured, tensor(ranks, { shape: [batch, entries], ...like }), measured.mul(0).add(entries + 1));
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
    const enough = rank.le(middle).sum(1, true).ge(count);
    high = where(enough, middle, high);
    low = where(enough, low, middle.add(1));
  }
  return rank
    .le(high)
    .mul(measured)
    .reshape([batch, ...planeShape])
    .expand([batch, ...shape])
    .mul(1);
}
