import { tensor, type Tensor } from "../tensor/index.js";

/** Positions between entries: `(1 - weight) low + weight high`. */
interface Positions {
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly weight: Float64Array;
}

/**
 * The quantiles of each row of `values` `[B, n]` at `grid`, `[B, grid.length]`, by linear interpolation between the
 * sorted entries as in `numpy.quantile`. Rows are sorted on the host, off the tape; the result is differentiable in the
 * values.
 *
 * @param used 1 for the entries that count, else 0, `[B, n]` numbers; each row has at least one. Default: all.
 * @throws DeviceError `cannot_block` where the device cannot be waited for.
 */
export function sortedQuantiles(values: Tensor, grid: Float64Array, used?: ArrayLike<number>): Tensor {
  const [rows = 0, width = 0] = values.shape;
  const read = values.detach().dataSync();
  const points = grid.length;
  const positions: Positions = {
    low: new Float64Array(rows * points),
    high: new Float64Array(rows * points),
    weight: new Float64Array(rows * points),
  };
  for (let row = 0; row < rows; row++) {
    const own = read.subarray(row * width, (row + 1) * width);
    const order = Array.from(own.keys()).filter((i) => !used || used[row * width + i] !== 0);
    order.sort((i, j) => (own[i] as number) - (own[j] as number));
    grid.forEach((quantile, k) => {
      const at = quantile * (order.length - 1);
      const below = Math.floor(at);
      positions.low[row * points + k] = order[below] as number;
      positions.high[row * points + k] = order[Math.min(below + 1, order.length - 1)] as number;
      positions.weight[row * points + k] = at - below;
    });
  }
  const { dtype, device } = values;
  const made = (data: Float64Array) => tensor(data, { shape: [rows, points], dtype, device });
  const low = values.gather(made(positions.low), 1);
  return values.gather(made(positions.high), 1).sub(low).mul(made(positions.weight)).add(low);
}
