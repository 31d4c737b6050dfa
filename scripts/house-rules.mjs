// The rules of CONTRIBUTING.md that a program can check.
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, posix, sep } from "node:path";
import { root } from "./common.mjs";
import { circles, fileImports, groupImports, moduleUses } from "./imports.mjs";

const longestFile = 400;
const medianBelow = 150;
const longestLine = 120;

/** Files that are one thing, however long it is. */
const longAsTheThingIs = new Set([
  // One class: what a tensor can do.
  "ts/tensor/tensor.ts",
]);

/** Source files below a folder: path from the root with forward slashes, and text. */
function sources(folder, ending) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((file) => file.endsWith(ending) && !/(?:^|[\\/])(?:target|node_modules)[\\/]/.test(file))
    .map((file) => ({
      path: posix.join(folder, file.split(sep).join("/")),
      text: readFileSync(join(root, folder, file), "utf8"),
    }));
}

const lines = ({ text }) => text.split("\n").length - 1;
const isGenerated = ({ path }) => path.includes(".generated.");

/** Files too long to be read in one sitting. */
function fileLengths(ts, rust) {
  const broken = [...ts, ...rust]
    .filter((file) => !isGenerated(file) && !longAsTheThingIs.has(file.path) && lines(file) > longestFile)
    .map((file) => `${file.path}: ${lines(file)} lines, at most ${longestFile}: split it.`);
  const sorted = ts
    .filter((file) => !isGenerated(file))
    .map(lines)
    .sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  if (median >= medianBelow) broken.push(`ts: the median file has ${median} lines, expected below ${medianBelow}.`);
  return broken;
}

/** Lines that the formatters leave too long: comments and strings. */
function lineLengths(files) {
  return files
    .filter((file) => !isGenerated(file))
    .flatMap(({ path, text }) =>
      text
        .split("\n")
        .flatMap((line, i) =>
          line.length > longestLine ? [`${path}:${i + 1}: ${line.length} characters, at most ${longestLine}.`] : [],
        ),
    );
}

/** Imports that pass by an entry point: from another folder of ts/ only its index.js may be imported. */
function entryPoints(ts) {
  const broken = [];
  for (const [path, targets] of fileImports(ts)) {
    for (const target of targets) {
      const [own, other] = [path, target].map((file) => file.split("/")[1]);
      if (own === other || dirname(target) === "ts") continue;
      if (basename(target) !== "index.ts" || target.split("/").length !== 3)
        broken.push(`${path}: imports ${target}; import the folder's entry point, ts/${other}/index.js.`);
    }
  }
  return broken;
}

/** Operators are called by ts/tensor and ts/functional only. */
function operatorUses(ts) {
  const allowed = /^ts\/(?:tensor|functional)\//;
  return ts
    .filter(({ path, text }) => !allowed.test(path) && /import[^;]*\boperators\b[^;]*\/tensor\/index\.js/.test(text))
    .map(({ path }) => `${path}: calls operators of the core; call a function of ts/functional.`);
}

/** Operators that neither ts/tensor nor ts/functional calls. */
function unusedOperators(ts) {
  const generated = ts.find(({ path }) => path === "ts/tensor/operators.generated.ts");
  const names = [...(generated?.text ?? "").matchAll(/^ {2}(\w+): \(/gm)].map(([, name]) => name);
  const users = ts.filter(({ path }) => /^ts\/(?:tensor|functional)\//.test(path) && !path.includes(".generated."));
  const calls = users.map(({ text }) => text).join("\n");
  return names
    .filter((name) => !new RegExp(`operators\\.${name}\\b`).test(calls))
    .map((name) => `operator ${name}: nothing calls it; take its row out of crates/core/src/surface/table.rs.`);
}

/** Modules that need each other can only be understood together. */
function circularImports(ts, core) {
  const files = fileImports(ts);
  const folders = groupImports(files, (path) =>
    path.split("/").slice(0, -1).join("/").split("/").slice(0, 2).join("/"),
  );
  // The derivative of an operator is made of operators of other families: of a sum, of an expansion, and so on. And a
  // tensor holds the node that made it, which holds its operands: one type in several files.
  const isOne = (circle) => ["ops::", "tensor"].some((prefix) => circle.every((name) => name.startsWith(prefix)));
  const modules = circles(moduleUses(core, "crates/core/src/")).filter((circle) => !isOne(circle));
  const tell = (what) => (circle) => `${what} import each other: ${circle.join(", ")}.`;
  return [
    ...circles(files).map(tell("files")),
    ...circles(folders).map(tell("folders")),
    ...modules.map(tell("modules of crates/core")),
  ];
}

/** `any` says that nothing is known; `unknown` makes the reader check. */
function types(ts) {
  return ts
    .filter(({ text }) => /(?::|<|\bas)\s*any\b/.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*|"[^"\n]*"/g, "")))
    .map(({ path }) => `${path}: uses the type any.`);
}

/** The broken rules, one line each. */
export function houseRules() {
  const ts = sources("ts", ".ts");
  const rust = sources("crates", ".rs");
  const core = rust.filter(({ path }) => path.startsWith("crates/core/src/"));
  const programs = ["scripts", "bench", "examples"].flatMap((folder) => [
    ...sources(folder, ".mjs"),
    ...sources(folder, ".js"),
  ]);
  return [
    ...fileLengths(ts, rust),
    ...lineLengths([...ts, ...rust, ...programs, ...sources("test", ".ts")]),
    ...entryPoints(ts),
    ...operatorUses(ts),
    ...unusedOperators(ts),
    ...circularImports(ts, core),
    ...types(ts),
  ];
}
