// Builds dist/: the native add-on, the generated operator wrappers, the compiled facade. `--native` or `--ts` builds
// only one of them.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { digestOf, isMain, main, must, output, root, say, targetDir, tsc } from "./common.mjs";
import { checkRust, setup } from "./setup.mjs";

const addOn = join(root, "dist", "native", "adjoint.node");
const stamp = join(root, "dist", "native", ".stamp");

/**
 * Builds the add-on if its sources changed. dist/native/adjoint.node is replaced atomically, so that a running program
 * keeps the old one.
 */
export async function buildNative() {
  const digest = digestOf(
    ["crates/core", "crates/node"],
    `${process.platform} ${process.arch} ${output("rustc", ["--version"])}`,
  );
  if (existsSync(addOn) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  checkRust();
  say("building the native add-on (the first time takes a quarter of an hour on two cores)");
  // Without -p, as in the tests: the selected packages determine the features of shared dependencies, and another
  // selection would build burn again.
  await must("cargo", ["build", "--release"]);
  const library =
    { darwin: "libadjoint_node.dylib", win32: "adjoint_node.dll" }[process.platform] ?? "libadjoint_node.so";
  mkdirSync(join(root, "dist", "native"), { recursive: true });
  const temporary = `${addOn}.${process.pid}`;
  copyFileSync(join(targetDir, "release", library), temporary);
  renameSync(temporary, addOn);
  writeFileSync(stamp, digest);
}

/** Compiles ts/ to dist/ and removes the output of deleted sources. */
export async function buildTs() {
  say("compiling the facade");
  await must(process.execPath, [join(root, "scripts", "generate.mjs")]);
  await must(process.execPath, [tsc, "-p", "tsconfig.json"]);
  for (const file of readdirSync(join(root, "dist"), { recursive: true })) {
    if (/^(?:native|wasm|web)\b/.test(file) || !/\.(?:d\.ts|js)$/.test(file)) continue;
    if (!existsSync(join(root, "ts", file.replace(/\.(?:d\.ts|js)$/, ".ts")))) rmSync(join(root, "dist", file));
  }
}

/** Builds the add-on and the facade. */
export async function build() {
  await buildNative();
  await buildTs();
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const [native, ts] = ["--native", "--ts"].map((flag) => process.argv.includes(flag));
    await setup({ rust: native || !ts });
    if (native || !ts) await buildNative();
    if (ts || !native) await buildTs();
  });
}
