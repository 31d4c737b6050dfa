import { beforeAll, describe, expect, it } from "vitest";
import { crc32c } from "../../ts/formats/index.js";
import { readArray } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";
import { zarrFolder } from "./zarr-folder.js";

beforeAll(async () => await init());

/** Zstandard data of one block that is not compressed (RFC 8878). */
function zstd(bytes: Uint8Array): Uint8Array {
  const block = (bytes.length << 3) | 1;
  return Uint8Array.from([0x28, 0xb5, 0x2f, 0xfd, 0x20, bytes.length, block & 255, block >> 8, 0, ...bytes]);
}

function withChecksum(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([bytes, new Uint8Array(Uint32Array.of(crc32c(bytes)).buffer)]);
}

/** An array of version 3 in chunks of two; a chunk that is not given is not stored. */
function v3(description: object, chunk?: Uint8Array): string {
  const whole = {
    zarr_format: 3,
    node_type: "array",
    shape: [4],
    data_type: "uint8",
    chunk_grid: { name: "regular", configuration: { chunk_shape: [2] } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: 0,
    codecs: [{ name: "bytes", configuration: { endian: "little" } }],
    ...description,
  };
  return zarrFolder({ "zarr.json": whole, ...(chunk && { "c/0": chunk }) });
}

/** An array of version 2 in chunks of two. */
function v2(description: object, chunk?: Uint8Array): string {
  const whole = { zarr_format: 2, shape: [4], chunks: [2], dtype: "|u1", fill_value: 0, order: "C" };
  const array = { ...whole, compressor: null, filters: null, ...description };
  return zarrFolder({ ".zarray": array, ...(chunk && { "0": chunk }) });
}

const bytes = { name: "bytes" };
const named = (...names: string[]) => names.map((name) => ({ name, configuration: {} }));

describe("codecs of chunks", () => {
  it("a checksum may follow compressed data, and is verified", async () => {
    const codecs = [bytes, ...named("zstd", "crc32c")];
    const chunk = withChecksum(zstd(Uint8Array.of(7, 8)));
    expect([...(await readArray(v3({ codecs }, chunk))).data]).toEqual([7, 8, 0, 0]);
    chunk[9] = 9;
    await expect(readArray(v3({ codecs }, chunk))).rejects.toMatchObject({
      code: "file_invalid",
      message: expect.stringContaining("does not match its checksum") as string,
    });
  });

  describe.each(["start", "end"])("shards with their index at the %s", (index_location) => {
    const configuration = { chunk_shape: [1], codecs: [bytes], index_codecs: [bytes, ...named("crc32c")] };
    const codecs = [{ name: "sharding_indexed", configuration: { ...configuration, index_location } }];
    const isFirst = index_location === "start";
    // The second chunk of the shard is not stored.
    const begin = isFirst ? 36n : 0n;
    const index = withChecksum(new Uint8Array(BigUint64Array.of(begin, 1n, 2n ** 64n - 1n, 2n ** 64n - 1n).buffer));
    const shard = Buffer.concat(isFirst ? [index, Uint8Array.of(7)] : [Uint8Array.of(7), index]);

    it("are read", async () => {
      expect([...(await readArray(v3({ codecs, fill_value: 5 }, shard))).data]).toEqual([7, 5, 5, 5]);
    });

    it("are refused where the index is damaged", async () => {
      const damaged = Buffer.from(shard);
      damaged[isFirst ? 8 : 9] = 255;
      await expect(readArray(v3({ codecs }, damaged))).rejects.toMatchObject({
        code: "file_invalid",
        message: expect.stringContaining("index") as string,
      });
    });
  });

  it("a checksum may be in the compressed data", async () => {
    const codecs = [bytes, ...named("crc32c", "zstd")];
    const chunk = zstd(withChecksum(Uint8Array.of(7, 8)));
    expect([...(await readArray(v3({ codecs }, chunk))).data]).toEqual([7, 8, 0, 0]);
  });

  it("of filters that are not read the name is told", async () => {
    const path = v2({ filters: [{ id: "fletcher32" }], compressor: { id: "zstd" } }, zstd(new Uint8Array(6)));
    await expect(readArray(path)).rejects.toMatchObject({
      code: "file_unsupported",
      message: expect.stringMatching(/codec numcodecs\.fletcher32; write them with zstd/) as string,
    });
  });

  it("a compression below another codec is refused", async () => {
    const codecs = [bytes, ...named("zstd", "gzip")];
    await expect(readArray(v3({ codecs }, Uint8Array.of(1)))).rejects.toMatchObject({
      code: "file_unsupported",
      message: expect.stringContaining("other codecs above that (bytes, zstd, gzip)") as string,
    });
  });

  it("differences of another type, which would be read as other values, are refused", async () => {
    const delta = (astype: string) => v2({ dtype: "<i4", filters: [{ id: "delta", dtype: "<i4", astype }] });
    expect([...(await readArray(delta("<i4"))).data]).toEqual([0, 0, 0, 0]);
    await expect(readArray(delta("<i2"))).rejects.toMatchObject({ code: "file_unsupported" });
    await expect(readArray(v2({ dtype: "<f2", filters: [{ id: "delta", dtype: "<f2" }] }))).rejects.toMatchObject({
      code: "file_unsupported",
      message: expect.stringContaining("float16") as string,
    });
  });
});

describe("values that are not stored", () => {
  it.each([
    ["float16", 1.5, 1.5],
    ["float16", "-Infinity", -Infinity],
    ["float16", "0x3c00", 1],
    ["float32", "0x7fc00001", NaN],
    ["float64", "0xc008000000000000", -3],
    ["float64", "Infinity", Infinity],
  ])("%s, %s", async (data_type, fill_value, value) => {
    expect([...(await readArray(v3({ data_type, fill_value }))).data]).toEqual([value, value, value, value]);
  });

  it.each(["<i8", ">u8", "<f2", "<f4", "<i4"])("%s, without a value", async (dtype) => {
    expect([...(await readArray(v2({ dtype, fill_value: null }))).data]).toEqual([0, 0, 0, 0]);
  });

  it("no number", async () => {
    const path = v3({ data_type: "float32", fill_value: "0x12" });
    await expect(readArray(path)).rejects.toMatchObject({ code: "file_unsupported" });
  });
});
