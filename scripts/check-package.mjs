// Refuses to pack a package that lacks what is built: `npm pack` and `npm publish` run it first.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Failure, isMain, main, root } from "./common.mjs";

/** What must be there, and what makes it. */
const REQUIRED = {
  "npm run build": ["dist/index.js", "dist/index.d.ts", "dist/cli/main.js", "dist/native/adjoint.node"],
  "npm run build:gpu": ["dist/native/adjoint-gpu.node"],
  "npm run build:wasm": ["adjoint_wasm", "adjoint_wasm_relaxed", "adjoint_wasm_gpu"].flatMap((name) => [
    `dist/wasm/${name}.js`,
    `dist/wasm/${name}_bg.wasm`,
  ]),
  "npm run generate": ["docs/config.schema.json"],
};

/** Every file that the exports of a package.json name. */
function exported(entry) {
  if (typeof entry === "string") return entry.includes("*") ? [] : [entry];
  return Object.values(entry ?? {}).flatMap(exported);
}

/** @throws Failure with the files that are missing and the commands that make them. */
export function checkPackage(folder) {
  const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const required = { ...REQUIRED, "npm run build:ts": exported(exports) };
  const missing = Object.entries(required).flatMap(([command, files]) => {
    const absent = files.filter((file) => !existsSync(join(folder, file)));
    return absent.length > 0 ? [`${absent.join(", ")}: ${command}`] : [];
  });
  if (missing.length > 0) throw new Failure(`the package would lack\n  ${missing.join("\n  ")}`);
}

if (isMain(import.meta.url)) await main(async () => checkPackage(resolve(process.argv[2] ?? root)));
