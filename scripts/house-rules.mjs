// The rules of CONTRIBUTING.md that a program can check.
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, posix, sep } from "node:path";
import { root } from "./common.mjs";

const longest = 400;
const medianBelow = 150;

/** Source files below a folder: path from the root with forward slashes, and text. */
function sources(folder, ending) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((file) => file.endsWith(ending) && !/(?:^|[\\/])target[\\/]/.test(file))
    .map((file) => ({
      path: posix.join(folder, file.split(sep).join("/")),
      text: readFileSync(join(root, folder, file), "utf8"),
    }));
}

const lines = ({ text }) => text.split("\n").length - 1;
const isGenerated = ({ path }) => path.includes(".generated.");

/** Files too long to be read in one go. */
function lengths(ts, rust) {
  const broken = [...ts, ...rust]
    .filter((file) => !isGenerated(file) && lines(file) > longest)
    .map((file) => `${file.path}: ${lines(file)} lines, at most ${longest}: split it`);
  const sorted = ts
    .filter((file) => !isGenerated(file))
    .map(lines)
    .sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  if (median >= medianBelow) broken.push(`ts: the median file has ${median} lines, below ${medianBelow} is asked for`);
  return broken;
}

/** Imports that pass a room's door: from another folder of ts/ only its index.js may be imported. */
function doors(ts) {
  const broken = [];
  for (const { path, text } of ts) {
    for (const [, address] of text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)) {
      const target = posix.join(dirname(path), address);
      const [own, other] = [path, target].map((file) => file.split("/")[1]);
      // What lies outside ts is built, not a room.
      if (own === other || dirname(target) === "ts" || !target.startsWith("ts/")) continue;
      if (basename(target) !== "index.js" || target.split("/").length !== 3)
        broken.push(`${path}: imports ${address}; import ${other}'s door, ${other}/index.js`);
    }
  }
  return broken;
}

/** `any` says that nothing is known; `unknown` makes the reader check. */
function types(ts) {
  return ts
    .filter(({ text }) => /(?::|<|\bas)\s*any\b/.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"[^"\n]*"/g, "")))
    .map(({ path }) => `${path}: uses the type any`);
}

/** The broken rules, one line each. */
export function houseRules() {
  const ts = sources("ts", ".ts");
  const rust = sources("crates", ".rs");
  return [...lengths(ts, rust), ...doors(ts), ...types(ts)];
}
