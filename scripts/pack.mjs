// `npm run pack`: the packages that this machine can build, as tarballs in dist/packages: the library with its
// WebAssembly modules, and the add-on of this platform. `--no-build` takes what is built.
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "./build.mjs";
import { buildWasm } from "./build-wasm.mjs";
import { Failure, isMain, main, output, root, say } from "./common.mjs";
import { setup } from "./setup.mjs";
import { spawnSync } from "node:child_process";

const npm = process.platform === "win32" ? "npm.cmd" : "npm";

/** The platforms for which add-ons are published: Node's names, and the C library of Linux. */
export const platforms = [
  { os: "linux", cpu: "x64", libc: "glibc", name: "linux-x64-gnu" },
  { os: "linux", cpu: "arm64", libc: "glibc", name: "linux-arm64-gnu" },
  { os: "linux", cpu: "x64", libc: "musl", name: "linux-x64-musl" },
  { os: "linux", cpu: "arm64", libc: "musl", name: "linux-arm64-musl" },
  { os: "darwin", cpu: "x64", name: "darwin-x64" },
  { os: "darwin", cpu: "arm64", name: "darwin-arm64" },
  { os: "win32", cpu: "x64", name: "win32-x64-msvc" },
  { os: "win32", cpu: "arm64", name: "win32-arm64-msvc" },
];

const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
const writeJson = (path, value) => writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`);

/** Runs `npm pack` in a folder; the name of the tarball. */
function npmPack(folder, destination) {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", destination];
  const { status, stdout, stderr } = spawnSync(npm, args, { cwd: folder, encoding: "utf8", maxBuffer: 1 << 26 });
  if (status !== 0) throw new Failure(`npm pack failed in ${folder}: ${stderr}`);
  return JSON.parse(stdout)[0].filename;
}

/** The library without add-ons; the packages of the platforms are its optional dependencies. */
function packLibrary(work, destination) {
  const filename = npmPack(root, work);
  const { status } = spawnSync("tar", ["-xzf", filename], { cwd: work });
  if (status !== 0) throw new Failure("pack: tar cannot unpack what npm packed.");
  const folder = join(work, "package");
  rmSync(join(folder, "dist", "native"), { recursive: true, force: true });
  const made = readJson(join(folder, "package.json"));
  const addOns = Object.fromEntries(platforms.map(({ name }) => [`@adjoint/${name}`, made.version]));
  const { scripts: _, devDependencies: __, ...kept } = made;
  writeJson(join(folder, "package.json"), {
    ...kept,
    optionalDependencies: { ...made.optionalDependencies, ...addOns },
  });
  chmodSync(join(folder, "dist", "cli", "main.js"), 0o755);
  return npmPack(folder, destination);
}

/** The add-on of a platform as a package of its own. */
function packAddOn(work, destination, { os, cpu, libc, name }) {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  const { version, license, engines, repository } = readJson(join(root, "package.json"));
  cpSync(join(root, "dist", "native", "adjoint.node"), join(folder, "adjoint.node"));
  writeJson(join(folder, "package.json"), {
    name: `@adjoint/${name}`,
    version,
    description: `The add-on of adjoint for ${name}.`,
    license,
    ...(repository ? { repository } : {}),
    main: "adjoint.node",
    files: ["adjoint.node"],
    engines,
    os: [os],
    cpu: [cpu],
    ...(libc ? { libc: [libc] } : {}),
  });
  for (const file of ["LICENSE-MIT", "LICENSE-APACHE"]) cpSync(join(root, file), join(folder, file));
  writeFileSync(join(folder, "README.md"), `# @adjoint/${name}\n\nThe add-on of adjoint for this platform.\n`);
  return npmPack(folder, destination);
}

/** Makes the tarballs in `destination` and gives their names. */
export async function pack(destination = join(root, "dist", "packages")) {
  const { platformPackage } = await import(pathToFileURL(join(root, "dist/runtime/node/platform-package.js")).href);
  const own = platforms.find(({ name }) => `@adjoint/${name}` === platformPackage());
  const work = mkdtempSync(join(tmpdir(), "adjoint-pack-"));
  rmSync(destination, { recursive: true, force: true });
  mkdirSync(destination, { recursive: true });
  try {
    const made = [packLibrary(work, destination)];
    if (own === undefined) say(`no package for ${platformPackage()}: WebAssembly is used there`);
    else if (!existsSync(join(root, "dist", "native", "adjoint.node")))
      say("no package of the add-on: it is not built");
    else made.push(packAddOn(work, destination, own));
    return made;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

if (isMain(import.meta.url)) {
  await main(async () => {
    if (!process.argv.includes("--no-build")) {
      const rust = output("cargo", ["--version"]) !== undefined;
      await setup({ rust });
      await build();
      await buildWasm({ threads: process.argv.includes("--threads") });
    }
    const destination = join(root, "dist", "packages");
    for (const name of await pack(destination)) process.stdout.write(`${join(destination, name)}\n`);
  });
}
