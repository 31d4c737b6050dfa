// Calls that read damaged files and make damaged configurations. Node only.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "../common.mjs";
import { randomNumbers } from "./calls.mjs";

const FOLDERS = ["test/formats/fixtures", "test/io/fixtures"];
/** Larger files are read too slowly for many mutations. */
const LARGEST = 200_000;

/** The reader of a file, by the end of its name. */
const READERS = [
  [/\.(?:png|jpe?g|tiff?|gif|webp|avif|svg)$/i, "io.readImage"],
  [/\.(?:pth|pt|ckpt|safetensors)$/i, "io.readWeights"],
  [/\.(?:npy|npz|nii|gz|img|hdr|fits|dcm|h5|mat)$/i, "io.readArray"],
];

const files = (folder) =>
  readdirSync(join(root, folder), { recursive: true })
    .map((name) => `${folder}/${name}`.replaceAll("\\", "/"))
    .filter((path) => statSync(join(root, path)).isFile() && statSync(join(root, path)).size <= LARGEST)
    .filter((path) => READERS.some(([pattern]) => pattern.test(path)))
    .sort();

/** Values at which sizes, counts and offsets go wrong. */
const EDGES = [0, 1, 2, 3, 7, 8, 16, 127, 128, 255, 256, 32767, 32768, 65535, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];

/** A damaged copy of a file: changed bytes and numbers, parts that are missing, doubled or of another file. */
export function damaged(path, seed) {
  const next = randomNumbers(seed);
  const draw = (n) => Math.floor(next() * n);
  let bytes = new Uint8Array(readFileSync(join(root, path)));
  const splice = (...parts) => Uint8Array.from(Buffer.concat(parts));
  for (let k = draw(6); k >= 0 && bytes.length > 16; k--) {
    // Headers decide more than values.
    const at = draw(draw(2) === 0 ? Math.min(bytes.length, 1024) : bytes.length);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const kind = draw(8);
    if (kind < 2) bytes[at] = draw(256);
    else if (kind === 2) bytes[at] ^= 1 << draw(8);
    else if (kind === 3 && at + 4 <= bytes.length) view.setUint32(at, EDGES[draw(EDGES.length)], draw(2) === 0);
    else if (kind === 4 && at + 2 <= bytes.length) view.setUint16(at, EDGES[draw(EDGES.length)] & 65535, draw(2) === 0);
    else if (kind === 5 && draw(3) === 0) bytes = bytes.slice(0, at);
    else if (kind === 6) bytes = splice(bytes.subarray(0, at), bytes.subarray(at + draw(20)));
    else bytes = splice(bytes.subarray(0, at), bytes.subarray(Math.max(0, at - draw(20))));
  }
  return bytes;
}

/** What the calls below use beside the library. */
export async function fileEnvironment() {
  const dist = (name) => import(new URL(`../../dist/cli/${name}.js`, import.meta.url).href);
  const [{ checkConfig }, { buildParts }, { Place }, { Rng }] = await Promise.all([
    dist("check-config"),
    dist("build"),
    dist("place"),
    import(new URL("../../dist/index.js", import.meta.url).href),
  ]);
  const folder = join(root, "examples", "configurations");
  /** Checks a configuration and makes its parts, without training. */
  const configure = async (config) =>
    await buildParts(checkConfig(config, "config.json"), new Rng(0), new Place("config.json"), folder);
  return { damaged, configure };
}

/** The call of a number: a file, or a configuration, that the seed and the number decide. */
export function fileCalls(groups) {
  const lists = {
    files: () => files(FOLDERS[0]).concat(files(FOLDERS[1])),
    configurations: () =>
      readdirSync(join(root, "examples/configurations"))
        .filter((name) => name.endsWith(".json"))
        .map((name) => JSON.parse(readFileSync(join(root, "examples/configurations", name), "utf8"))),
  };
  const chosen = ["files", "configurations"].filter((group) => groups.includes(group)).map((g) => [g, lists[g]()]);
  return (seed, index) => {
    const next = randomNumbers(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
    const [group, list] = chosen[Math.floor(next() * chosen.length)];
    const item = list[Math.floor(next() * list.length)];
    const number = Math.floor(next() * 2 ** 31);
    if (group === "configurations")
      return { callee: "configure", args: [JSON.stringify(changedConfig(item, next))], asynchronous: true };
    const [, reader] = READERS.find(([pattern]) => pattern.test(item));
    return { callee: reader, args: [`damaged(${JSON.stringify(item)}, ${number})`], asynchronous: true };
  };
}

/** Values that somebody may write in the place of another. */
const ANYTHING = [
  null,
  true,
  0,
  -1,
  0.5,
  3,
  1e9,
  1e300,
  "",
  "SupLoss",
  "Shift",
  "none",
  "constructor",
  "__proto__",
  [],
  {},
  [[]],
  [null],
  { name: null },
  { name: "toString" },
  { name: "SupLoss", weight: {} },
  { file: 3 },
  [[1, [2]]],
  { name: "compose", list: [null] },
  { loss: {}, weight: 1 },
  "x".repeat(1000),
  "adjoint:examples/images",
];

/** A copy of a configuration with one to three values replaced, left out, or of another place. */
function changedConfig(config, next) {
  const pick = (list) => list[Math.floor(next() * list.length)];
  const copy = structuredClone(config);
  for (let k = Math.floor(next() * 3); k >= 0; k--) {
    const places = [];
    const visit = (value) => {
      if (typeof value !== "object" || value === null) return;
      for (const key of Object.keys(value)) {
        places.push([value, key]);
        visit(value[key]);
      }
    };
    visit(copy);
    if (places.length === 0) break;
    const [owner, key] = pick(places);
    const kind = next();
    if (kind < 0.6) owner[key] = structuredClone(pick(ANYTHING));
    else if (kind < 0.75) delete owner[key];
    else if (kind < 0.9) {
      const [other, name] = pick(places);
      owner[key] = structuredClone(other[name] ?? null);
    } else owner[`${key}2`] = 1;
  }
  return copy;
}
