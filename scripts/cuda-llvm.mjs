// `node scripts/cuda-llvm.mjs`: prepares the CUDA build on a machine that cannot download LLVM from GitHub.
//
// The kernels for CUDA are compiled by LLVM at run time, so the add-on has LLVM in it. The build script of the crate
// tracel-llvm-bundler downloads one, unless a folder says that it is installed already. This program makes that folder,
// of an LLVM that the system has; docs/gpu.md has the way as a whole.
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Failure, main, output, root } from "./common.mjs";

/** The oldest LLVM whose interface the crate calls. */
const OLDEST = 22;
const MARK = "# Written by scripts/cuda-llvm.mjs of adjoint.";
/** What the add-on links of LLVM: NVIDIA's target, and what compiles and links modules for it. */
const PARTS = "nvptx native orcjit mcjit passes irreader bitreader bitwriter linker ipo target debuginfodwarf".split(
  " ",
);
const INSTALL = "Debian and Ubuntu: apt install llvm-22-dev libzstd-dev zlib1g-dev g++";

const major = (program) => Number.parseInt(output(program, ["--version"]) ?? "", 10);

/** The llvm-config that is asked for, or the newest that is found. */
function findLlvm(given) {
  const candidates = given
    ? [given]
    : [23, 22].flatMap((v) => [`llvm-config-${v}`, `/usr/lib/llvm-${v}/bin/llvm-config`]);
  const found = [...candidates, ...(given ? [] : ["llvm-config"])].find((program) => major(program) >= OLDEST);
  if (found) return found;
  const seen = given ?? "llvm-config";
  const version = output(seen, ["--version"]);
  throw new Failure(
    `${version ? `${seen} is of LLVM ${version}` : `${seen} was not found`}, expected LLVM ${OLDEST} or newer. ` +
      `Install it (${INSTALL}), or name it: --llvm-config PATH.`,
  );
}

/** Throws where a library that LLVM needs is missing. */
function checkLibraries() {
  const args = ["-x", "c", "-", "-lz", "-lzstd", "-o", "/dev/null"];
  const { status, stderr } = spawnSync("cc", args, { input: "int main(void) { return 0; }", encoding: "utf8" });
  if (status !== 0)
    throw new Failure(`a program cannot be linked with zlib and zstd: ${(stderr ?? "no cc").trim()}. ${INSTALL}.`);
}

/** The name of the folder that the build script looks for: it has the version of the crate. */
function folderName() {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const [, version] = lock.match(/name = "tracel-llvm-bundler"\nversion = "([^"]+)"/) ?? [];
  if (version === undefined) throw new Failure("Cargo.lock has no tracel-llvm-bundler: nothing is to be prepared.");
  return `tracel-llvm-${version}`;
}

/** llvm-config with the answers that the build script needs: static libraries, and no others than are linked. */
const wrapper = (program) => `#!/bin/sh
${MARK}
case " $* " in
  *" --system-libs "*) echo "-lrt -ldl -lm -lz -lzstd" ;;
  *" --libs "*) exec "${program}" --link-static --libs ${PARTS.join(" ")} ;;
  *) exec "${program}" "$@" ;;
esac
`;

/** Writes the folder; throws where another LLVM is in its place. */
function prepare(folder, program) {
  const file = join(folder, "bin", "llvm-config");
  if (existsSync(file) && !readFileSync(file, "latin1").includes(MARK))
    throw new Failure(`${folder} has an LLVM already, which the build uses; nothing is to be prepared.`);
  mkdirSync(join(folder, "bin"), { recursive: true });
  writeFileSync(file, wrapper(program), { mode: 0o755 });
  writeFileSync(join(folder, ".tracel-llvm-installed"), "");
  accessSync(file, constants.X_OK);
}

await main(() => {
  const { values } = parseArgs({ options: { "llvm-config": { type: "string" } } });
  if (process.platform !== "linux") throw new Failure("this way is for Linux; elsewhere the build downloads LLVM.");
  const program = findLlvm(values["llvm-config"]);
  checkLibraries();
  const folder = join(process.env.XDG_DATA_HOME || join(homedir(), ".local", "share"), "tracel", folderName());
  prepare(folder, program);
  process.stdout.write(
    `${folder} stands for the LLVM ${output(program, ["--version"])} of ${program}.\n` +
      "Now build the add-on with CUDA:\n\n  npm run build:gpu -- --cuda\n\n" +
      `Remove the folder to have the build download LLVM again.\n`,
  );
});
