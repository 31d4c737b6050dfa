import { describe, expect, it } from "vitest";
import { damageWithin } from "../../scripts/fuzz/damage.mjs";
import { randomNumbers } from "../../scripts/fuzz/random.mjs";
import { readPixels } from "../../ts/io/index.js";
import { AdjointError, FormatError, ShapeError } from "../../ts/runtime/index.js";
import { fixture, imageFixtures } from "./fixtures.js";

/** Mutated files a format; `ADJOINT_FUZZ=10000 npx vitest run test/io/fuzz.test.ts` tries more. */
const count = Number(process.env.ADJOINT_FUZZ ?? 300);
const seed = Number(process.env.ADJOINT_FUZZ_SEED ?? 1);

describe.each(["tif", "png", "jpg", "gif", "webp", "avif"])(
  `${count} mutated files are refused with an error of this library, or read with the right shape`,
  (ending) => {
    it(ending, { timeout: 3_600_000 }, async () => {
      const next = randomNumbers(seed);
      const files = imageFixtures()
        .filter((name) => name.endsWith(ending))
        .map(fixture);
      let [read, slowest] = [0, 0];
      // Each picture costs the platform's decoders some milliseconds.
      const tries = ending === "tif" || ending === "png" ? count : Math.ceil(count / 3);
      for (let i = 0; i < tries; i++) {
        const bytes = damageWithin(files[Math.floor(next() * files.length)]!, next, files);
        const started = performance.now();
        try {
          const page = next() < 0.5 ? "all" : 0;
          const { data, shape } = await readPixels(bytes, { page, maxPixels: 1e6 } as { page: 0 });
          expect(data.length).toBe(shape.reduce((product: number, side) => product * side, 1));
          expect(data.length).toBeGreaterThan(0);
          read += 1;
        } catch (error) {
          const isRight = error instanceof FormatError || error instanceof ShapeError;
          if (!isRight) throw new Error(`try ${i}: ${String(error)}`, { cause: error });
          expect((error as AdjointError).message).toMatch(/\.$/);
        }
        slowest = Math.max(slowest, performance.now() - started);
      }
      // Some changes leave a picture: the mutations reach behind the header.
      expect(read).toBeGreaterThan(tries / 100);
      expect(slowest).toBeLessThan(5000);
      if (process.env.ADJOINT_FUZZ)
        console.log(`${ending}: ${tries} files, ${read} read, slowest ${slowest.toFixed(0)} ms`);
    });
  },
);
