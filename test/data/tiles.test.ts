import { expect, it } from "vitest";
import { restoreByTiles } from "../../ts/data/index.js";
import type { Pixels } from "../../ts/io/index.js";
import { ShapeError } from "../../ts/runtime/index.js";

it("tiles with margins give what the whole image gives", async () => {
  const [rows, columns] = [600, 530];
  const image: Pixels = {
    data: Float32Array.from({ length: 2 * rows * columns }, (_, i) => (i * 7919) % 1000),
    shape: [2, rows, columns],
  };
  // Depends on pixels at distance 3.
  const restore = async ({ data, shape }: Pixels): Promise<Pixels> => {
    const [c, h, w] = shape;
    const shifted = data.map((value, k) => {
      const [i, j] = [Math.floor((k % (h * w)) / w), k % w];
      return i + 3 < h && j >= 3 ? value + data[k + 3 * w - 3]! : value;
    });
    return { data: shifted, shape: [c, h, w] };
  };
  let done = 0;
  const onTile = async (pixels: number): Promise<void> => void (done += pixels);
  const tiles = await restoreByTiles(image, { tile: 512, margin: 4, onTile }, restore);
  const whole = await restore(image);
  expect(tiles.data.every((value, k) => value === whole.data[k])).toBe(true);
  expect(done).toBe(rows * columns);
});

it("refuses a restored tile of another shape", async () => {
  const image: Pixels = { data: new Float32Array(64), shape: [1, 8, 8] };
  const half = async ({ data }: Pixels): Promise<Pixels> => ({ data: data.slice(32), shape: [1, 4, 8] });
  await expect(restoreByTiles(image, {}, half)).rejects.toThrow(ShapeError);
});
