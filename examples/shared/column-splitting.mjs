import { physics, tensor } from "adjoint";

/**
 * Splitting masks that leave out whole columns of k-space: of the n columns of a scan that not all `masks` sample,
 * `ceil((1 - splitRatio) n)`.
 *
 * A column that a share p of the masks samples is drawn with the weight `(1 - p) / p`: it is hidden in proportion to
 * how often it is not measured. `masks` are those of the training scans, `[N, C, H, W]`.
 */
export class ColumnSplittingMaskGenerator extends physics.PhysicsGenerator {
  constructor({ splitRatio, masks }) {
    super("ColumnSplittingMaskGenerator", {}, []);
    this.splitRatio = splitRatio;
    this.odds = Array.from(columnsOf(masks).mean(0).dataSync(), (p) => (1 - p) / p);
  }

  draw(_count, rng, { inputMask }) {
    const columns = columnsOf(inputMask);
    const measured = columns.dataSync();
    const width = this.odds.length;
    // Exponential times with the weights as rates: the first are such draws without replacement.
    const times = rng
      .uniform([...columns.shape])
      .dataSync()
      .map((u, i) => -Math.log(1 - u) / this.odds[i % width]);
    const kept = new Float32Array(times.length).fill(1);
    for (let start = 0; start < times.length; start += width) {
      const hideable = this.odds.flatMap((odds, i) => (odds > 0 && measured[start + i] !== 0 ? [start + i] : []));
      const count = Math.ceil((1 - this.splitRatio) * hideable.length);
      for (const i of hideable.sort((a, b) => times[a] - times[b]).slice(0, count)) kept[i] = 0;
    }
    return { mask: tensor(kept, { shape: [inputMask.shape[0], 1, 1, width] }).expand([...inputMask.shape]) };
  }
}

/** The columns of masks `[N, C, H, W]` of whole columns, `[N, W]`. */
function columnsOf(masks) {
  const [count, , , width] = masks.shape;
  return masks.slice([0, 0, 0, 0], [count, 1, 1, width]).reshape([count, width]);
}
