import { beforeAll, expect, it } from "vitest";
import { readPixels } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";

beforeAll(async () => await init());

it.each([10, 12])("AVIF of %i bits has the whole range of 16: white is 1", async (bits) => {
  const path = `test/formats/fixtures/avif/rgb${bits}.avif`;
  const { data, shape, metadata, sample } = await readPixels(path);
  expect([shape, sample, metadata.bits]).toEqual([[3, 64, 64], "uint16", 16]);
  const middle = 2 ** (bits - 1) / (2 ** bits - 1);
  const [white, black, grey] = [data[0], data[40 * 64], data[40 * 64 + 40]];
  expect([white, black]).toEqual([1, 0]);
  expect(grey).toBeCloseTo(middle, 4);
  // Opacity that is full somewhere is full.
  const clear = await readPixels(`test/formats/fixtures/avif/rgba${bits}.avif`);
  expect([clear.metadata.alpha, clear.data[3 * 64 * 64 + 40 * 64], clear.data[3 * 64 * 64]]).toEqual([true, 1, 0]);
});
