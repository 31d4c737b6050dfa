import { beforeAll, describe, expect, it } from "vitest";
import { readArray } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";

beforeAll(async () => await init());

/** A FITS file of 64-bit integers as they are stored, with further cards. */
function fits64(stored: readonly bigint[], cards: readonly string[]): Uint8Array {
  const header = [
    "SIMPLE  =                    T",
    "BITPIX  =                   64",
    "NAXIS   =                    1",
    `NAXIS1  = ${String(stored.length).padStart(20)}`,
    ...cards,
    "END",
  ];
  const bytes = new Uint8Array(2 * 2880).fill(0x20, 0, 2880);
  bytes.set(new TextEncoder().encode(header.map((card) => card.padEnd(80)).join("")));
  stored.forEach((value, i) => new DataView(bytes.buffer).setBigInt64(2880 + 8 * i, value));
  return bytes;
}

describe("unsigned 64-bit integers of FITS, stored with half of their range taken away", () => {
  const half = 2n ** 63n;
  const values = [0n, 1n, 5n, 1000n, 2n ** 40n + 7n, 2n ** 53n - 1n, 2n ** 63n + 2048n, 2n ** 64n - 1n];
  const shift = "BZERO   =  9223372036854775808";

  it("are exact up to 2^53, and rounded once beyond", async () => {
    const read = await readArray(
      fits64(
        values.map((value) => value - half),
        [shift],
      ),
    );
    expect(read.dtype).toBe("uint64");
    expect([...read.data]).toEqual(values.map(Number));
    expect(read.metadata["rounded"]).toBe(2);
  });

  it("with an undefined one as NaN", async () => {
    const read = await readArray(fits64([0n - half, 7n - half], [shift, "BLANK   = -9223372036854775808"]));
    expect(read.dtype).toBe("float64");
    expect([...read.data]).toEqual([NaN, 7]);
  });
});
