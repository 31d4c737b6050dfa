import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  parseSafetensors,
  parseSafetensorsFile,
  readSafetensors,
  serializeSafetensors,
  writeFileAtomic,
  writeSafetensors,
} from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor } from "../../ts/tensor/index.js";

let folder: string;
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-io-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

/** A file with a header and `dataBytes` zero bytes of data. */
function file(header: unknown, dataBytes: number, headerLength?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, headerLength ?? BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

describe("safetensors", () => {
  it("reads back values, shapes, dtypes, names and metadata", async () => {
    const tensors = {
      "in_conv.weight": tensor([1.5, -2, 3e-20, 4], { shape: [2, 2] }),
      double: tensor([1 / 3, 2], { dtype: "float64" }),
      scalar: tensor(7),
      empty: tensor(new Float32Array(0), { shape: [0, 3] }),
      ["__proto__x"]: tensor([1]),
    };
    const read = parseSafetensorsFile(await serializeSafetensors(tensors, { format: "pt" }));
    expect(read.metadata).toEqual({ format: "pt" });
    expect(Object.keys(read.tensors).sort()).toEqual(Object.keys(tensors).sort());
    for (const [name, value] of Object.entries(tensors)) {
      expect(read.tensors[name]?.shape).toEqual(value.shape);
      expect(read.tensors[name]?.dtype).toBe(value.dtype);
      expect(await read.tensors[name]?.data()).toEqual(await value.data());
    }
  });

  it("reads I32, I64 and U8", async () => {
    const header = {
      long: { dtype: "I64", shape: [2], data_offsets: [0, 16] },
      int: { dtype: "I32", shape: [1], data_offsets: [16, 20] },
      byte: { dtype: "U8", shape: [2], data_offsets: [20, 22] },
    };
    const bytes = file(header, 22);
    const view = new DataView(bytes.buffer, bytes.length - 22);
    view.setBigInt64(0, -5n, true);
    view.setBigInt64(8, 9n, true);
    view.setInt32(16, -7, true);
    view.setUint8(20, 255);
    const { long, int, byte } = parseSafetensors(bytes);
    expect([...(await long!.data()), ...(await int!.data()), ...(await byte!.data())]).toEqual([-5, 9, -7, 255, 0]);
  });

  const entry = (offsets: unknown, shape: unknown = [1], dtype: unknown = "F32") => ({
    dtype,
    shape,
    data_offsets: offsets,
  });
  it.each([
    ["an empty file", new Uint8Array(0), "safetensors_truncated"],
    ["a file shorter than its length field", new Uint8Array(5), "safetensors_truncated"],
    ["a header longer than the file", file({}, 0, 1000n), "safetensors_truncated"],
    ["a huge header", file({}, 0, 1n << 60n), "safetensors_header_too_large"],
    ["a header that is not JSON", file("{nonsense", 0), "safetensors_header_invalid"],
    ["a header that is a list", file([], 0), "safetensors_header_invalid"],
    ["metadata that is not strings", file({ __metadata__: { a: 1 } }, 0), "safetensors_header_invalid"],
    [
      "33 axes",
      file(
        {
          a: entry(
            [0, 4],
            Array.from({ length: 33 }, () => 1),
          ),
        },
        4,
      ),
      "safetensors_header_invalid",
    ],
    ["a negative shape", file({ a: entry([0, 4], [-1]) }, 4), "safetensors_header_invalid"],
    ["an unknown dtype", file({ a: entry([0, 1], [1], "F4") }, 1), "safetensors_dtype"],
    ["an offset outside the file", file({ a: entry([0, 4]) }, 2), "safetensors_offsets"],
    ["offsets in the wrong order", file({ a: entry([4, 0]) }, 4), "safetensors_offsets"],
    ["a length that does not match the shape", file({ a: entry([0, 4], [2]) }, 4), "safetensors_offsets"],
    ["a shape whose product overflows", file({ a: entry([0, 4], [2 ** 40, 2 ** 40]) }, 4), "safetensors_offsets"],
    ["bytes at the end", file({ a: entry([0, 4]) }, 8), "safetensors_offsets"],
    ["overlapping tensors", file({ a: entry([0, 8], [2]), b: entry([4, 12], [2]) }, 12), "safetensors_overlap"],
    ["a gap", file({ a: entry([4, 8]) }, 8), "safetensors_overlap"],
  ])("refuses %s", (_, bytes, code) => {
    expect(() => parseSafetensors(bytes)).toThrow(
      expect.objectContaining({ name: "FormatError", code, message: expect.stringContaining("safetensors: ") }),
    );
  });

  it("names the path of an invalid or missing file", async () => {
    const path = join(folder, "bad.safetensors");
    await writeFile(path, "abc");
    await expect(readSafetensors(path)).rejects.toMatchObject({
      name: "FormatError",
      code: "safetensors_truncated",
      message: expect.stringContaining(path),
    });
    await expect(readSafetensors(join(folder, "none"))).rejects.toMatchObject({
      name: "ArgumentError",
      code: "file_not_found",
    });
    await expect(readSafetensors(folder)).rejects.toMatchObject({ name: "ArgumentError", code: "file_unreadable" });
  });
});

it("reads a file whose tensors are not aligned", async () => {
  const path = join(folder, "unaligned.safetensors");
  const header = JSON.stringify({ a: { dtype: "F32", shape: [1], data_offsets: [0, 4] } });
  // A header of odd length: the data starts at an odd offset.
  await writeFile(path, file(header.padEnd(header.length + 1 - (header.length % 2)), 4));
  expect((await readSafetensors(path))["a"]?.dataSync()).toEqual(Float32Array.of(0));
});

describe("writeFileAtomic", () => {
  it("creates folders, replaces a file and leaves no temporary file", async () => {
    const path = join(folder, "new", "file.safetensors");
    await writeFileAtomic(path, "first");
    await writeSafetensors(path, { a: tensor([1, 2]) });
    expect(await (await readSafetensors(path))["a"]?.array()).toEqual([1, 2]);
    expect(await readdir(join(folder, "new"))).toEqual(["file.safetensors"]);
  });

  it("keeps the old file when writing fails", async () => {
    const path = join(folder, "kept");
    await writeFileAtomic(path, "old");
    await expect(writeFileAtomic(path, {} as Uint8Array)).rejects.toThrow();
    expect(await readFile(path, "utf8")).toBe("old");
  });
});

describe("element types of the file", () => {
  /** All values of a 16-bit type, from its bits, in the order of the bits. */
  const every = (dtype: "F16" | "BF16"): Uint8Array => {
    const header = { w: { dtype, shape: [65536], data_offsets: [0, 131072] } };
    const bytes = file(header, 131072);
    const start = bytes.length - 131072;
    for (let i = 0; i < 65536; i++) [bytes[start + 2 * i], bytes[start + 2 * i + 1]] = [i & 255, i >>> 8];
    return bytes;
  };

  it.each([
    ["float16", "F16"],
    ["bfloat16", "BF16"],
  ] as const)(
    "%s: every value comes back, and what lies between goes to the nearest, ties to even",
    async (dtype, name) => {
      const { w } = parseSafetensors(every(name));
      const values = await w!.data();
      const again = async (given: Float32Array): Promise<Float32Array | Float64Array> => {
        const written = await serializeSafetensors({ w: tensor(given) }, {}, { elementType: dtype });
        expect(new TextDecoder().decode(written.subarray(8, 80))).toContain(`"dtype":"${name}"`);
        return await parseSafetensors(written)["w"]!.data();
      };
      const same = await again(values as Float32Array);
      expect(same.findIndex((value, i) => !Object.is(value, values[i]))).toBe(-1);
      // Finite non-negative values are in the order of their bits.
      const steps = values.findIndex((value) => value === Infinity) - 1;
      const middle = Float32Array.from({ length: steps }, (_, i) => (values[i]! + values[i + 1]!) / 2);
      const above = middle.map((value, i) => value + (values[i + 1]! - value) / 64);
      const [tied, nearest] = [await again(middle), await again(above)];
      // A float32 of 2^-149 has no half.
      const wrongTies = [...middle.keys()].filter(
        (i) => ![values[i], values[i + 1]].includes(middle[i]) && tied[i] !== values[i % 2 === 0 ? i : i + 1],
      );
      const wrong = [...above.keys()].filter((i) => above[i] !== middle[i] && nearest[i] !== values[i + 1]);
      expect([wrongTies, wrong]).toEqual([[], []]);
    },
  );

  it("float64 to half precision is rounded once", async () => {
    // Just above the middle of 1 and 1 + 2^-10, and equal to it as a float32.
    const value = tensor([1 + 2 ** -11 + 2 ** -40], { dtype: "float64" });
    const written = await serializeSafetensors({ value }, {}, { elementType: "float16" });
    expect((await parseSafetensors(written)["value"]!.data())[0]).toBe(1 + 2 ** -10);
  });

  it("refuses a value that would become infinite, and keeps infinity", async () => {
    await expect(serializeSafetensors({ w: tensor([1, 65520]) }, {}, { elementType: "float16" })).rejects.toMatchObject(
      {
        code: "out_of_range",
        message: expect.stringMatching(/"w" has the value 65520, which float16 cannot hold; write bfloat16\.$/),
      },
    );
    const written = await serializeSafetensors({ w: tensor([65519, -Infinity]) }, {}, { elementType: "float16" });
    expect([...(await parseSafetensors(written)["w"]!.data())]).toEqual([65504, -Infinity]);
    // @ts-expect-error an integer type
    await expect(serializeSafetensors({}, {}, { elementType: "int8" })).rejects.toMatchObject({
      code: "invalid_argument",
    });
  });
});
