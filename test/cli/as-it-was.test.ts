import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AppliedImage } from "../../ts/cli/applied-image.js";
import { NoisyFile } from "../../ts/cli/noisy-file.js";
import { readArray, readPixels, writeArray, writeImage } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor } from "../../ts/tensor/index.js";

let base: string;
beforeAll(async () => {
  await init();
  base = await mkdtemp(join(tmpdir(), "adjoint-as-it-was-"));
});
afterAll(async () => await rm(base, { recursive: true }));
const at = (name: string): string => join(base, name);

/** What `adjoint denoise` writes of a file whose pages it does not change. */
async function denoised(input: string, output: string, pages?: string, channels?: string): Promise<void> {
  const file = await NoisyFile.open(input, pages, channels);
  const unchanged = [];
  for (const page of file.pages) unchanged.push(await file.read(page));
  await file.write(output, unchanged);
}

/** What `adjoint apply` writes of a file whose pages the network does not change. */
async function applied(input: string, output: string, scale?: "type" | "none"): Promise<void> {
  const image = await AppliedImage.read(input, scale ? { scale } : {});
  await image.write(
    output,
    Array.from({ length: image.pages }, (_, page) => image.page(page)),
  );
}

const ways = [
  ["denoise", async (input: string, output: string) => await denoised(input, output)],
  ["apply", async (input: string, output: string) => await applied(input, output)],
  ["apply, values as stored", async (input: string, output: string) => await applied(input, output, "none")],
] as const;

describe.each(ways)("what is not changed is written as it was: %s", (way, run) => {
  it.each(["uint8", "uint16", "int8", "int16", "float32", "float64"] as const)(
    "a TIFF where small values are bright, %s",
    async (sample) => {
      const values = sample.startsWith("u") ? [0, 1, 100, 255] : [-3, 0, 100, 127];
      const image = tensor(Float32Array.from(values), { shape: [1, 2, 2] });
      const [input, output] = [at(`${sample}.tif`), at(`${way}-${sample}-out.tif`)];
      await writeImage(input, image, { sample, scale: "none", metadata: { whiteIsZero: true } });
      await run(input, output);
      const { data, metadata, sample: written } = await readPixels(output, { scale: "none" });
      expect([[...data], metadata.whiteIsZero, written]).toEqual([values, true, sample]);
    },
  );

  it("its opacity", async () => {
    const image = tensor(Float32Array.from([0, 1, 100, 255, 10, 20, 30, 40]), { shape: [2, 2, 2] });
    const [input, output] = [at("alpha.tif"), at(`${way}-alpha-out.tif`)];
    await writeImage(input, image, { sample: "uint8", scale: "none", metadata: { whiteIsZero: true, alpha: true } });
    await run(input, output);
    const { data, metadata } = await readPixels(output, { scale: "none" });
    expect([[...data], metadata.alpha]).toEqual([[0, 1, 100, 255, 10, 20, 30, 40], true]);
    expect((await readPixels(input)).data[4]).toBe(Math.fround(10 / 255));
  });

  it.each([[[4, 5]], [[3, 4, 5]], [[2, 3, 4, 5]], [[1, 4, 5]], [[5, 6, 3]], [[2, 5, 6, 4]]])(
    "the shape of an array %j",
    async (shape) => {
      const count = shape.reduce((product, side) => product * side, 1);
      const data = Int16Array.from({ length: count }, (_, i) => 100 * i - 3000);
      const [input, output] = [at("array.npy"), at(`${way}-array-out.npy`)];
      await writeArray(input, { data, shape });
      await run(input, output);
      expect(await readArray(output)).toMatchObject({ data, shape, dtype: "int16" });
    },
  );
});

it("of an array some pages keep their rows and columns, and some channels come first", async () => {
  const data = Float32Array.from({ length: 120 }, (_, i) => i);
  await writeArray(at("pages.npy"), { data, shape: [6, 4, 5] });
  await denoised(at("pages.npy"), at("some.npy"), "2-3");
  expect(await readArray(at("some.npy"))).toMatchObject({ data: data.subarray(20, 60), shape: [2, 4, 5] });
  await writeArray(at("colours.npy"), { data: data.subarray(0, 90), shape: [5, 6, 3] });
  await denoised(at("colours.npy"), at("two.npy"), undefined, "1,3");
  expect((await readArray(at("two.npy"))).shape).toEqual([2, 5, 6]);
});

it("a picture becomes an array with an axis of channels", async () => {
  await writeImage(at("grey.tif"), tensor(new Float32Array(6), { shape: [1, 2, 3] }));
  await denoised(at("grey.tif"), at("grey.npy"));
  expect((await readArray(at("grey.npy"))).shape).toEqual([1, 2, 3]);
});
