import { beforeAll, expect, it } from "vitest";
import { HDF5Dataset } from "../../ts/data/index.js";
import {
  arrayTensor,
  cartesianKspace,
  encodeArray,
  Hdf5Reader,
  readArray,
  readWeights,
  writeArray,
} from "../../ts/io/index.js";
import { AdjointError, init } from "../../ts/runtime/index.js";
import { ones, Tensor } from "../../ts/tensor/index.js";

let values: unknown[];
beforeAll(async () => {
  await init();
  const disposed = ones([2]);
  disposed.dispose();
  values = [
    undefined,
    null,
    true,
    NaN,
    -1,
    1e300,
    1n,
    "",
    "\0",
    "none.h5",
    "x.npy\0",
    "x.nii",
    "x.fits.gz",
    "http://[",
    {},
    [],
    [[]],
    [null],
    [{}],
    () => 1,
    Symbol("s"),
    new Date(),
    new Map(),
    new Uint8Array(3),
    new Float32Array(2),
    new DataView(new ArrayBuffer(2)),
    new Blob(["a"]),
    new URL("https://127.0.0.1:1/x.npy"),
    new URL("file:///%E0%A4%A"),
    ones([2, 2]),
    disposed,
    Object.create(null),
    { data: 1 },
    { data: new Float32Array(2), shape: 2 },
    { data: new Float32Array(2), shape: [1n, 2] },
    { data: new Float32Array(2), shape: [2], metadata: 1, spacing: "x" },
    { path: 1, y: 2 },
    { path: "none.h5", y: {} },
    { path: [], y: "a" },
    { slice: Symbol("s") },
    { slice: [Symbol("s")] },
    { slice: [{}] },
    { slice: [[1n, 2]] },
    { dataset: {} },
    { maxBytes: "9" },
    { key: 3 },
    { prefix: 3 },
    { dtype: "x" },
    { sample: {} },
  ];
});

const npy = async (): Promise<Uint8Array> => (await encodeArray("x.npy", ones([2, 3]))).bytes;
const calls: Record<string, (a: never, b: never) => Promise<unknown> | unknown> = {
  readArray: async (a) => await readArray(a),
  "readArray options": async (a) => await readArray(await npy(), a),
  readWeights: async (a) => await readWeights(a),
  "readWeights options": async (a) => await readWeights(await npy(), a),
  writeArray: async (a) => await writeArray(a, [] as never),
  "writeArray array": async (a) => await encodeArray("x.npy", a),
  "writeArray nii": async (a) => await encodeArray("x.nii", a),
  "writeArray fits": async (a) => await encodeArray("x.fits", a),
  "writeArray options": async (a) => await encodeArray("x.npy", ones([2]), a),
  encodeArray: async (a) => await encodeArray(a, ones([2])),
  arrayTensor: (a) => arrayTensor(a),
  "arrayTensor dtype": (a) => arrayTensor({ data: new Float32Array(2), shape: [2], dtype: "float32" }, a),
  cartesianKspace: (a) => cartesianKspace(a),
  "HDF5Dataset.open": async (a) => await HDF5Dataset.open(a),
  "HDF5Dataset path": async (a) => await HDF5Dataset.open({ path: a, y: "a" }),
  "Hdf5Reader.open": async (a) => await Hdf5Reader.open("x", a),
};

it.each(Object.keys(calls))("%s refuses what it cannot take with an error of the library", async (name) => {
  for (const [i, value] of values.entries()) {
    try {
      const result = await calls[name]!(value as never, undefined as never);
      if (result instanceof Tensor) result.dispose();
    } catch (error) {
      if (!(error instanceof AdjointError))
        expect.soft(error, `value ${i}: ${typeof value}`).toBeInstanceOf(AdjointError);
      else expect.soft(error.code, `value ${i}: ${error.message}`).not.toBe("internal");
    }
  }
});
