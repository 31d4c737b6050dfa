// Writes docs/losses.md from the losses' assumptions; the table of what configurations can name, their JSON schema and
// the tables of docs/configuration.md from the exported classes; and ts/tensor/operators.generated.ts from the operator
// table of the native add-on. With --check it only compares.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { replaceFile } from "./common.mjs";
import { configFiles } from "./config/emit.mjs";
import { lossTables } from "./loss-table.mjs";
import { operatorWrappers } from "./operator-wrappers.mjs";

const root = new URL("../", import.meta.url);
const check = process.argv.includes("--check");

/** Writes a file where it differs; with --check says so instead, and sets the exit code. */
function put(path, make, source) {
  const target = fileURLToPath(new URL(path, root));
  const before = existsSync(target) ? readFileSync(target, "utf8") : "";
  const text = make(before);
  if (before === text) return;
  if (check) {
    console.error(`generate: ${path} does not match ${source}; run npm run generate`);
    process.exitCode = 1;
    return;
  }
  replaceFile(target, text);
}

for (const { path, make } of await lossTables()) put(path, make, "ts/loss/assumptions.ts");
for (const { path, make } of configFiles()) put(path, make, "the exported classes and their options");

const addon = fileURLToPath(new URL("dist/native/adjoint.node", root));
if (!existsSync(addon)) {
  console.error("generate: the native add-on is not built; run npm run build:native first");
  process.exit(1);
}
const core = createRequire(import.meta.url)(addon);
put(
  "ts/tensor/operators.generated.ts",
  () => operatorWrappers(JSON.parse(core.surface()), core.surfaceDigest()),
  "the operator table",
);
