import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { type ArrayFile, cartesianKspace, readArray, type ReadArrayOptions } from "../../ts/io/index.js";
import { readZarr, type ZarrStore } from "../../ts/formats/index.js";
import { FormatError, init } from "../../ts/runtime/index.js";
import { mutated, mutations, readMutated } from "./mutate.js";

const path = (name: string): string => fileURLToPath(new URL(`fixtures/arrays/${name}`, import.meta.url));

/** What the libraries of make_arrays.py read, or what must be refused. */
interface Case {
  readonly file: string;
  readonly options: ReadArrayOptions;
  readonly shape: number[];
  readonly dtype: string;
  readonly values: (number | string)[];
  readonly axes?: string[];
  readonly spacing?: number[];
  readonly metadata?: Record<string, unknown>;
  readonly code?: string;
  readonly says?: string;
}

const cases = JSON.parse(readFileSync(path("cases.json"), "utf8")) as Case[];
const titled = (list: readonly Case[]): [string, Case][] =>
  list.map((one) => [`${one.file} ${JSON.stringify(one.options)}`, one]);

beforeAll(async () => {
  await init();
});

/** The entry of nested objects under "a.b". */
function entry(value: unknown, key: string): unknown {
  return key.split(".").reduce((inner: unknown, part) => (inner as Record<string, unknown> | undefined)?.[part], value);
}

describe("arrays are what the library of the format reads", () => {
  it.each(titled(cases.filter(({ code }) => code === undefined)))("%s", async (_, right) => {
    const read = await readArray(path(right.file), right.options);
    expect(read.shape).toEqual(right.shape);
    expect(read.dtype).toBe(right.dtype);
    const isSingle = read.data instanceof Float32Array;
    expect([...read.data]).toEqual(right.values.map(Number).map((value) => (isSingle ? Math.fround(value) : value)));
    if (right.axes) expect(read.axes).toEqual(right.axes);
    if (right.spacing) expect(read.spacing).toEqual(right.spacing);
    for (const [key, value] of Object.entries(right.metadata ?? {})) {
      if (key !== "affine") expect(entry(read.metadata, key), key).toEqual(value);
      else {
        const flat = (rows: unknown): number[] => (rows as number[][]).flat();
        flat(read.metadata["affine"]).forEach((number, i) => expect(number).toBeCloseTo(flat(value)[i]!, 4));
      }
    }
  });
});

describe("what is not read is refused by name", () => {
  it.each(titled(cases.filter(({ code }) => code !== undefined)))("%s", async (_, { file, options, code, says }) => {
    await expect(readArray(path(file), options)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(says!) as string,
    });
  });
});

it("keeps nothing of a person: the metadata of a DICOM file is an allow-list", async () => {
  for (const file of readdirSync(path("")).filter((name) => name.endsWith(".dcm") && name !== "jpeg.dcm")) {
    const bytes = readFileSync(path(file));
    expect(bytes.includes("Secret") || file === "ct_deflated.dcm").toBe(true);
    const text = JSON.stringify((await readArray(bytes)).metadata);
    expect(text).not.toMatch(/secret|19700101|20200102/i);
  }
});

describe("cartesianKspace", () => {
  const lines = (counters: Record<string, number[]>, values: number[]): ArrayFile => ({
    data: Float32Array.from(values.flatMap((value) => [value, -value, 10 * value, -10 * value])),
    shape: [values.length, 2, 1, 2],
    dtype: "complex64",
    metadata: { counters },
  });

  it("sorts lines by their counters, and averages those that were measured again", () => {
    const { data, shape, axes } = cartesianKspace(
      lines({ kspaceEncodeStep1: [2, 0, 0, 1], slice: [0, 1, 1, 1], set: [0, 0, 0, 0] }, [1, 2, 4, 5]),
    );
    expect(shape).toEqual([2, 2, 3, 1, 2]);
    expect(axes).toEqual(["slice", "coil", "line", "sample"]);
    const at = (slice: number, coil: number, line: number): number => data[((slice * 2 + coil) * 3 + line) * 2]!;
    expect([at(0, 0, 2), at(0, 1, 2), at(1, 0, 0), at(1, 1, 0), at(1, 0, 1)]).toEqual([1, 10, 3, 30, 5]);
    expect([at(0, 0, 0), at(0, 1, 1), at(1, 0, 2)]).toEqual([0, 0, 0]);
  });

  it("takes what readArray gives, and refuses what is no list of acquisitions", async () => {
    const { shape } = cartesianKspace(await readArray(path("ismrmrd.h5")));
    expect(shape).toEqual([2, 16, 4, 2]);
    const cube = await readArray(path("cube.npy"));
    expect(() => cartesianKspace(cube)).toThrow(expect.objectContaining({ code: "shape_mismatch" }) as Error);
    const vast = lines({ kspaceEncodeStep1: [65535], slice: [65535], set: [65535] }, [1]);
    expect(() => cartesianKspace(vast)).toThrow(expect.objectContaining({ code: "file_too_large" }) as Error);
  });
});

it("names the command that installs a missing library", async () => {
  vi.doMock("h5wasm", () => {
    throw new Error("Cannot find package");
  });
  vi.doMock("zarrita", () => {
    throw new Error("Cannot find package");
  });
  vi.resetModules();
  const fresh = await import("../../ts/io/index.js");
  for (const [file, command] of [
    ["fastmri.h5", "npm install h5wasm@0.10.3"],
    ["image2.zarr", "npm install zarrita@0.7.5"],
  ] as const) {
    await expect(fresh.readArray(path(file), { dataset: "0" })).rejects.toMatchObject({
      code: "missing_library",
      message: expect.stringContaining(command) as string,
    });
  }
  vi.doUnmock("h5wasm");
  vi.doUnmock("zarrita");
});

describe("damaged files", () => {
  const files: [string, ReadArrayOptions][] = [
    ["cube_fortran.npy", {}],
    ["two.npz", { dataset: "image" }],
    ["two_packed.npz", { dataset: "image" }],
    ["packed.npy.gz", {}],
    ["int16.nii", {}],
    ["int16.nii.gz", {}],
    ["float32_2.nii", {}],
    ["extensions.fits", {}],
    ["scaled.fits", { slice: [1] }],
    ["ct.dcm", {}],
    ["ct_deflated.dcm", {}],
    ["enhanced.dcm", { slice: [1] }],
    ["colour_planar.dcm", {}],
    ["fastmri.h5", { dataset: "kspace" }],
    ["types.h5", { dataset: "group/chunks", slice: [1] }],
    ["matlab.mat", { dataset: "Z" }],
    ["ismrmrd.h5", {}],
  ];

  it.each(files)("%s", async (file, options) => {
    const { refused } = await readMutated(
      readFileSync(path(file)),
      async (bytes) => await readArray(bytes, options),
      ({ data, shape }) => expect(data.length).toBe(shape.reduce((a, b) => a * b, 1)),
    );
    expect(refused).toBeGreaterThan(0);
  });

  it.each(["image2.zarr", "codecs3.zarr"])("%s", async (folder) => {
    const damage = (seed: number): ZarrStore => {
      const get = async (name: string): Promise<Uint8Array | undefined> => {
        try {
          const bytes = readFileSync(`${path(folder)}/${name}`);
          return seed % 3 === 0 || !/json|\.z/.test(name) ? mutated(bytes, seed) : bytes;
        } catch {
          return undefined;
        }
      };
      const open: ZarrStore["open"] = async (name) => {
        const bytes = await get(name);
        return (
          bytes && { size: bytes.length, read: async (a, b) => bytes.subarray(a, b), close: async () => undefined }
        );
      };
      return { name: folder, get, open, list: async () => [] };
    };
    const dataset = folder === "image2.zarr" ? undefined : "shards";
    for (let seed = 1; seed <= mutations; seed++) {
      const reading = readZarr(damage(seed), { dataset, maxBytes: 2 ** 28 });
      const outcome = await reading.catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome, `mutation ${seed}`).toBeInstanceOf(FormatError);
      else {
        const { data, shape } = outcome as ArrayFile;
        expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
      }
    }
  });
});
