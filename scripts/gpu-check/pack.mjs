// `npm run gpu-check -- --pack DIR`: a folder that runs the check on a machine with neither Node nor a toolchain.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { Failure, root, say } from "../common.mjs";

/** Folders and files that the check needs, from the root. */
const NEEDED = ["dist", "scripts/gpu-check", "scripts/gpu-check.mjs", "scripts/common.mjs", "bench"];
/** What of them it does not need: pages, WebAssembly, declarations, other programs. */
const LEFT_OUT = [
  /^dist\/(?:wasm|web|site[^/]*|packages)(?:\/|$)/,
  /^dist\/native\/adjoint-mpi\.node$/,
  /\.d\.ts$/,
  /^bench\/(?:chromium|peers\/node_modules)(?:\/|$)/,
  /\/\.stamp|__pycache__/,
];

/** Makes the folder, with reference cases if there are some, and prints its size when compressed with xz. */
export async function pack(folder, cases) {
  if (existsSync(folder) && readdirSync(folder).length > 0) throw new Failure(`${folder} is not empty.`);
  if (!existsSync(join(root, "dist", "native", "adjoint-gpu.node")))
    throw new Failure("the add-on with GPUs is missing; run npm run build:gpu.");
  mkdirSync(folder, { recursive: true });
  const wanted = (path) => !LEFT_OUT.some((pattern) => pattern.test(relative(root, path).split(sep).join("/")));
  for (const path of NEEDED) cpSync(join(root, path), join(folder, path), { recursive: true, filter: wanted });
  if (cases) cpSync(cases, join(folder, "test", "golden", "cases"), { recursive: true });
  const { name, version, type } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ name, version, type, private: true }, null, 2)}\n`);
  cpSync(process.execPath, join(folder, "node"));
  strip(folder);
  say(`${folder}: ./node scripts/gpu-check.mjs runs the check there`);
  const size = compressed(folder);
  if (size !== undefined) say(`compressed with xz: ${(size / 2 ** 20).toFixed(1)} MiB`);
}

/** Removes symbols, a third of the size, where the tool is there. */
function strip(folder) {
  const native = join(folder, "dist", "native");
  const files = [...readdirSync(native).map((file) => join(native, file)), join(folder, "node")];
  for (const file of files) spawnSync("strip", ["--strip-unneeded", file], { stdio: "ignore" });
}

/** Bytes of the folder as tar and xz make them, beside it as NAME.tar.xz; undefined where they are missing. */
function compressed(folder) {
  const archive = `${folder}.tar.xz`;
  rmSync(archive, { force: true });
  const { status } = spawnSync("tar", ["-C", folder, "-cJf", archive, "."], {
    stdio: ["ignore", "ignore", "inherit"],
    // All cores.
    env: { ...process.env, XZ_OPT: "-T0" },
  });
  return status === 0 ? statSync(archive).size : undefined;
}
