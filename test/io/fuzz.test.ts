import { describe, expect, it } from "vitest";
import { readPixels } from "../../ts/io/index.js";
import { AdjointError, FormatError, ShapeError } from "../../ts/runtime/index.js";
import { fixture, imageFixtures } from "./fixtures.js";

/** Mutated files a format; `ADJOINT_FUZZ=10000 npx vitest run test/io/fuzz.test.ts` tries more. */
const count = Number(process.env.ADJOINT_FUZZ ?? 300);
const seed = Number(process.env.ADJOINT_FUZZ_SEED ?? 1);

/** Whole numbers below n from a linear congruential generator (Numerical Recipes, section 7.1). */
function generator(start: number): (n: number) => number {
  let state = start >>> 0;
  return (n) => {
    state = (Math.imul(1664525, state) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** Values at which sizes, counts and offsets go wrong. */
const edges = [0, 1, 2, 3, 7, 8, 16, 127, 128, 255, 256, 32767, 32768, 65535, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

/** A file with one to eight changes: bytes, numbers, parts that are missing, doubled or of another file. */
function mutate(files: readonly Uint8Array[], draw: (n: number) => number): Uint8Array {
  let bytes: Uint8Array = files[draw(files.length)]!.slice();
  for (let k = draw(8); k >= 0 && bytes.length > 16; k--) {
    const at = draw(draw(2) === 0 ? Math.min(bytes.length, 400) : bytes.length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const kind = draw(9);
    if (kind < 2) bytes[at] = draw(256);
    else if (kind === 2) bytes[at]! ^= 1 << draw(8);
    else if (kind === 3 && at + 2 <= bytes.length)
      view.setUint16(at, edges[draw(edges.length)]! & 65535, draw(2) === 0);
    else if (kind === 4 && at + 4 <= bytes.length) view.setUint32(at, edges[draw(edges.length)]!, draw(2) === 0);
    else if (kind === 5 && draw(3) === 0) bytes = bytes.slice(0, at);
    else if (kind === 6) bytes = join(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + draw(20))));
    else if (kind === 7) bytes = join(bytes.subarray(0, at), bytes.subarray(Math.max(0, at - draw(20))));
    else if (kind === 8 && draw(3) === 0) bytes = join(bytes.subarray(0, at), files[draw(files.length)]!.subarray(at));
  }
  return bytes;
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

/** Makes the checksums of a PNG right again, so that its content is reached. */
function withChecksums(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    if (at + 12 + length > bytes.length) break;
    let c = 0xffffffff;
    for (const byte of bytes.subarray(at + 4, at + 8 + length)) {
      c ^= byte;
      for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    }
    view.setUint32(at + 8 + length, (c ^ 0xffffffff) >>> 0);
    at += 12 + length;
  }
  return bytes;
}

describe.each(["tif", "png", "jpg", "gif", "webp", "avif"])(
  `${count} mutated files are refused with an error of this library, or read with the right shape`,
  (ending) => {
    it(ending, { timeout: 3_600_000 }, async () => {
      const draw = generator(seed);
      const files = imageFixtures()
        .filter((name) => name.endsWith(ending))
        .map(fixture);
      let [read, slowest] = [0, 0];
      // Each picture costs the platform's decoders some milliseconds.
      const tries = ending === "tif" || ending === "png" ? count : Math.ceil(count / 3);
      for (let i = 0; i < tries; i++) {
        const mutated = mutate(files, draw);
        const bytes = ending === "png" && draw(2) === 0 ? withChecksums(mutated) : mutated;
        const started = performance.now();
        try {
          const page = draw(2) === 0 ? "all" : 0;
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
