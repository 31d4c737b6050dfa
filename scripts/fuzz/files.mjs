// Calls that read damaged files, format by format. Node only.
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { root } from "../common.mjs";
import { damageWithin } from "./damage.mjs";
import { numbersOf, randomNumbers } from "./random.mjs";

const FOLDERS = ["test/io/fixtures", "test/formats/fixtures/arrays", "test/formats/fixtures/weights"];
/** Larger files are read too slowly for many mutations. */
const LARGEST = 200_000;
/** Pixels and bytes that a reader may make: what a damaged header asks for beyond is refused. */
const MOST = { maxPixels: 1e6, maxBytes: 2 ** 26 };

/** Formats, their files, and what reads them. */
const FORMATS = [
  ["TIFF", /\.tif$/, "readPixels"],
  ["PNG", /\.png$/, "readPixels"],
  ["JPEG", /\.jpg$/, "readPixels"],
  ["GIF", /\.gif$/, "readPixels"],
  ["WebP", /\.webp$/, "readPixels"],
  ["AVIF", /\.avif$/, "readPixels"],
  ["npy", /\.npy$/, "readArray"],
  ["npz", /\.npz$/, "readArray"],
  ["NIfTI", /\.nii$/, "readArray"],
  ["gzip", /\.gz$/, "readArray"],
  ["FITS", /\.fits$/, "readArray"],
  ["DICOM", /\.dcm$/, "readArray"],
  ["HDF5", /\.h5$/, "readArray"],
  ["MATLAB", /\.mat$/, "readArray"],
  ["Zarr", /\.zarr$/, "readArray"],
  ["safetensors", /\.safetensors$/, "readWeights"],
  ["PyTorch", /\.(?:pth|pt|ckpt|tar)$/, "readWeights"],
];

/** The files of each format, with the options with which the tests read them. */
function fixtures() {
  const cases = JSON.parse(readFileSync(join(root, FOLDERS[1], "cases.json"), "utf8"));
  const paths = FOLDERS.flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)).sort();
  const list = paths.filter((path) => statSync(join(root, path)).size <= LARGEST);
  return FORMATS.map(([format, pattern]) => {
    const files = list.filter((path) => pattern.test(path));
    return { format, files, optionsOf: (path) => cases.filter(({ file }) => file === basename(path)) };
  });
}

const contents = new Map();

/** The bytes of a file of the repository. */
function bytesOf(path) {
  let bytes = contents.get(path);
  if (bytes === undefined) {
    bytes = Uint8Array.from(readFileSync(join(root, path)));
    contents.set(path, bytes);
  }
  return bytes;
}

/** A damaged file, or a folder of Zarr in the current one with one damaged file. */
function damaged(path, number, others) {
  const next = randomNumbers(number);
  if (!path.endsWith(".zarr")) return damageWithin(bytesOf(path), next, others);
  const folder = basename(path);
  if (!existsSync(folder)) cpSync(join(root, path), folder, { recursive: true });
  const files = readdirSync(folder, { recursive: true }).filter((name) => statSync(join(folder, name)).isFile());
  const name = files.sort()[Math.floor(next() * files.length)];
  const original = bytesOf(`${path}/${name}`);
  writeFileSync(join(folder, name), damageWithin(original, next));
  return { folder, restore: () => writeFileSync(join(folder, name), original) };
}

/**
 * `readDamaged(path, number, options)`: reads the damaged copy of a file that the number decides, refuses a value of
 * the wrong size, and counts in `outcomes` what came of it.
 */
export function fileEnvironment({ io }) {
  const outcomes = {};
  const others = fixtures();
  async function readDamaged(path, number, options = {}) {
    const [format, , reader] = FORMATS.find(([, pattern]) => pattern.test(path));
    const outcome = (outcomes[format] ??= { read: 0, refused: 0, slowest: 0 });
    const siblings = others
      .find((each) => each.format === format)
      .files.filter((file) => statSync(join(root, file)).isFile());
    const copy = damaged(path, number, siblings.map(bytesOf));
    const { maxPixels, maxBytes } = MOST;
    const limits = reader === "readPixels" ? { maxPixels } : { maxBytes };
    const started = performance.now();
    try {
      checkSizes(await io[reader](copy.folder ?? copy, { ...limits, ...options }));
      outcome.read += 1;
    } catch (error) {
      outcome.refused += 1;
      throw error;
    } finally {
      outcome.slowest = Math.max(outcome.slowest, Math.round(performance.now() - started));
      copy.restore?.();
    }
  }
  return { readDamaged, outcomes };
}

/** Refuses a picture, array or table of weights whose values are not as many as its shape says; frees tensors. */
function checkSizes(value) {
  const all = value.shape === undefined ? Object.values(value) : [value];
  for (const one of all) {
    const { shape } = one;
    const count = one.data instanceof Function ? one.dataSync().length : one.data.length;
    one.dispose?.();
    const expected = shape.reduce((product, side) => product * side, 1);
    if (count !== expected) throw new Error(`${count} values of shape [${shape}]`);
  }
}

/**
 * The call of a number: a file that the seed and the number decide; with `each`, so many of every format, one format
 * after the other, and undefined behind the last.
 */
export function fileCalls(each) {
  const formats = fixtures();
  return (seed, index) => {
    const next = numbersOf(seed, index);
    const pick = (list) => list[Math.floor(next() * list.length)];
    const place = each === undefined ? Math.floor(next() * formats.length) : Math.floor(index / each);
    if (place >= formats.length) return undefined;
    const { files, optionsOf } = formats[place];
    const path = pick(files);
    const args = [JSON.stringify(path), String(Math.floor(next() * 2 ** 31))];
    const { options } = pick(optionsOf(path)) ?? {};
    if (options !== undefined && next() < 0.8) args.push(JSON.stringify(options));
    else if (path.includes("test/io") && next() < 0.5) args.push('{ page: "all" }');
    return { callee: "readDamaged", args, asynchronous: true };
  };
}
