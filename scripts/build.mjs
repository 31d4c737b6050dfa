// Builds dist/: the native add-on for the CPU, the generated operator wrappers, the compiled facade. `--native` or
// `--ts` builds only one of them; `--gpu` builds the add-on with GPUs, `--gpu --cuda` with CUDA too (docs/gpu.md).
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
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { digestOf, Failure, isMain, main, must, output, root, say, targetDir, tsc } from "./common.mjs";
import { checkRust, setup } from "./setup.mjs";

const native = join(root, "dist", "native");
/** The add-ons, and about how many minutes one core takes to compile each from nothing. */
const addOns = {
  cpu: { file: "adjoint.node", args: ["--no-default-features"], what: "the native add-on for the CPU", minutes: 6 },
  gpu: { file: "adjoint-gpu.node", args: [], what: "the native add-on with GPUs", minutes: 18 },
  // In the place of the one before, which it includes.
  cuda: {
    file: "adjoint-gpu.node",
    args: ["--features", "adjoint-node/cuda"],
    what: "the native add-on with GPUs and CUDA",
    minutes: 30,
  },
};

const stampOf = (name) => join(native, `.stamp-${name}`);

/** The file of an add-on, that of the digest of its sources, and the digest that it should have. */
const stateOf = (name) => ({
  addOn: join(native, addOns[name].file),
  stamp: stampOf(name),
  digest: digestOf(
    ["crates/backend", "crates/core", "crates/node"],
    `${process.platform} ${process.arch} ${output("rustc", ["--version"])}`,
  ),
});

/** Whether an add-on is there and of the present sources. */
export function isBuilt(name) {
  const { addOn, stamp, digest } = stateOf(name);
  return existsSync(addOn) && existsSync(stamp) && readFileSync(stamp, "utf8") === digest;
}

/**
 * The version of CUDA's driver interface that the add-on asks for, where no CUDA toolkit tells it: of drivers from 580.
 */
const cudaVersion = () =>
  output("nvcc", ["--version"]) === undefined ? (process.env.CUDARC_CUDA_VERSION ?? "13000") : undefined;

/**
 * Builds an add-on, a name of `addOns`, if its sources changed. Its file is replaced atomically, so that a running
 * program keeps the old one.
 */
export async function buildNative(name = "cpu") {
  if (isBuilt(name)) return;
  const { file, args, what, minutes } = addOns[name];
  const { stamp, digest } = stateOf(name);
  checkRust();
  // Most of the time is spent on a few crates, which two cores share well and eight do not.
  const wait = Math.ceil(minutes / Math.min(4, availableParallelism()));
  say(`building ${what}: the first time about ${wait} minutes here, later only what changed`);
  // Without -p, as in the tests: the selected packages determine the features of shared dependencies, and another
  // selection would build burn again.
  const version = name === "cuda" ? cudaVersion() : undefined;
  await must("cargo", ["build", "--release", ...args], { env: version ? { CUDARC_CUDA_VERSION: version } : {} });
  placeAddOn("adjoint_node", file);
  writeFileSync(stamp, digest);
  if (name === "gpu") rmSync(stampOf("cuda"), { force: true });
  if (name === "cuda") writeFileSync(stampOf("gpu"), digest);
}

/** Copies the library that cargo made of a crate to dist/native; a running program keeps the old file. */
export function placeAddOn(crate, file) {
  const library = { darwin: `lib${crate}.dylib`, win32: `${crate}.dll` }[process.platform] ?? `lib${crate}.so`;
  mkdirSync(native, { recursive: true });
  const temporary = join(native, `${file}.${process.pid}`);
  copyFileSync(join(targetDir, "release", library), temporary);
  renameSync(temporary, join(native, file));
}

/** Compiles ts/ to dist/ and removes the output of deleted sources. */
export async function buildTs() {
  say("compiling the facade");
  await must(process.execPath, [join(root, "scripts", "generate.mjs")]);
  await must(process.execPath, [tsc, "-p", "tsconfig.json"]);
  copyFileSync(
    join(root, "ts", "denoise", "denoiser.safetensors"),
    join(root, "dist", "denoise", "denoiser.safetensors"),
  );
  for (const file of readdirSync(join(root, "dist"), { recursive: true })) {
    if (/^(?:bundle|native|wasm|web)\b/.test(file) || !/\.(?:d\.ts|js)$/.test(file)) continue;
    if (!existsSync(join(root, "ts", file.replace(/\.(?:d\.ts|js)$/, ".ts")))) rmSync(join(root, "dist", file));
  }
  // Imported here, as node_modules may be installed by this program.
  const { bundleForNode } = await import("./bundle-node.mjs");
  await bundleForNode();
}

/** Builds the add-on for the CPU and the facade. */
export async function build() {
  await buildNative("cpu");
  await buildTs();
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const [cpu, gpu, ts, cuda] = ["--native", "--gpu", "--ts", "--cuda"].map((flag) => process.argv.includes(flag));
    if (cuda && !gpu) throw new Failure("--cuda is a part of the add-on with GPUs: npm run build:gpu -- --cuda.");
    const all = !cpu && !gpu && !ts;
    await setup({ rust: all || cpu || gpu });
    if (all || cpu) await buildNative("cpu");
    if (gpu) await buildNative(cuda ? "cuda" : "gpu");
    if (all || ts) await buildTs();
  });
}
