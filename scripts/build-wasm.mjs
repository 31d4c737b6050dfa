// Builds crates/wasm to dist/wasm/, three times: adjoint_wasm has the processor, adjoint_wasm_relaxed too and is faster
// where relaxed SIMD is, adjoint_wasm_gpu has WebGPU as well and is four times larger; each is NAME.js, its types and
// NAME_bg.wasm. The JavaScript is wasm-bindgen's "web" target, which runs in browsers and, given the module's bytes, in
// Node. binaryen's wasm-opt makes the modules smaller and faster. `--sizes` writes crates/wasm/sizes.json anew.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { digestOf, Failure, isMain, main, must, output, root, say, targetDir } from "./common.mjs";
import { setup } from "./setup.mjs";

const target = "wasm32-unknown-unknown";
const flags = '-C target-feature=+simd128 --cfg getrandom_backend="wasm_js"';
/**
 * What every browser of the last years has; wasm-opt must not use what came later. It makes no relaxed SIMD where there
 * was none.
 */
const features = [
  "simd",
  "relaxed-simd",
  "bulk-memory",
  "bulk-memory-opt",
  "nontrapping-float-to-int",
  "sign-ext",
  "mutable-globals",
  "reference-types",
  "multivalue",
].map((name) => `--enable-${name}`);
/**
 * What wasm-opt does. With -O3 it moves the kernels' values about until a browser's compiler keeps them in memory: a
 * training step then takes 1.65 times as long, and the download is larger by a tenth (it copies functions to where they
 * are called). With -O1 the step takes as long as without it.
 */
const LEVEL = "-O1";
/** The modules. Two of them are of one profile, so one follows the other. */
const modules = [
  { name: "adjoint_wasm", profile: "wasm", features: "", what: "the WebAssembly module" },
  {
    name: "adjoint_wasm_relaxed",
    profile: "wasm",
    features: "relaxed-simd",
    what: "the WebAssembly module with relaxed SIMD",
  },
  { name: "adjoint_wasm_gpu", profile: "wasm-gpu", features: "webgpu", what: "the WebAssembly module with WebGPU" },
];

/** Whether a compiler has the standard library of the target. */
function hasTarget(rustc, sysroot = output(rustc, ["--print", "sysroot"])) {
  return sysroot !== undefined && existsSync(join(sysroot, "lib", "rustlib", target, "lib"));
}

/** The linker for the second way: rustup's rust-lld, or LLVM's. */
function findLinker() {
  const sysroot = output("rustc", ["--print", "sysroot"]);
  const host = /host: (\S+)/.exec(output("rustc", ["-vV"]) ?? "")?.[1];
  const own = sysroot && host && join(sysroot, "lib", "rustlib", host, "bin", "rust-lld");
  if (own && existsSync(own)) return own;
  if (output("wasm-ld", ["--version"]) !== undefined) return "wasm-ld";
  throw new Failure(
    "no linker for WebAssembly was found: install Rust with rustup (it brings rust-lld), or LLVM's lld",
  );
}

/**
 * Compiles the crate: with the installed target, with the target added by rustup, or with the standard library built
 * from its sources.
 */
async function compile({ profile, features, what }) {
  const env = { RUSTFLAGS: flags };
  const built = ["build", "--profile", profile, "-p", "adjoint-wasm", "--features", features, "--target", target];
  if (!hasTarget("rustc") && output("rustup", ["--version"]) !== undefined) {
    say(`adding the target ${target} with rustup`);
    await must("rustup", ["target", "add", target]).catch(() => say("rustup cannot add it (no network?)"));
  }
  if (hasTarget("rustc")) {
    say(`building ${what} with rustup's target ${target}`);
    return await must("cargo", built, { env });
  }
  const [cargo, rustc] = ["/usr/bin/cargo", "/usr/bin/rustc"];
  const sysroot = output(rustc, ["--print", "sysroot"]);
  const library = sysroot && join(sysroot, "lib", "rustlib", "src", "rust", "library");
  if (!existsSync(cargo) || !library || !existsSync(library)) {
    throw new Failure(
      `the target ${target} is missing: run \`rustup target add ${target}\`, or on Debian without it: apt-get install rustc-web cargo-web rust-web-src`,
    );
  }
  say(`building ${what} and its standard library with the system's compiler`);
  await must(cargo, [...built, "-Z", "build-std=std,panic_abort"], {
    env: { ...env, RUSTC: rustc, RUSTC_BOOTSTRAP: "1", CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: findLinker() },
  });
}

/** The path of wasm-bindgen's program of the version that Cargo.lock has; built once. */
async function wasmBindgen() {
  const version = /name = "wasm-bindgen"\nversion = "([^"]+)"/.exec(
    readFileSync(join(root, "Cargo.lock"), "utf8"),
  )?.[1];
  const fits = (program) => output(program, ["--version"]) === `wasm-bindgen ${version}`;
  const tools = join(targetDir, "tools");
  const own = join(tools, "bin", "wasm-bindgen");
  for (const program of ["wasm-bindgen", own]) if (fits(program)) return program;
  say(`building wasm-bindgen ${version} (once, a few minutes)`);
  // Without --locked: its lock file names a crate version that some mirrors lack.
  await must("cargo", [
    "install",
    "wasm-bindgen-cli",
    "--version",
    version,
    "--root",
    tools,
    "--target-dir",
    join(tools, "build"),
    "--force",
    "--no-track",
  ]);
  return own;
}

/**
 * What is added to wasm-bindgen's loader, which makes one instance and never another: after a trap the instance is
 * useless, and the facade asks for a new one. Loading sets everything else that depends on the instance.
 */
const addition = `
/** Lets the next call of the loader make a new instance; gives the compiled module of the old one. */
export function forget() {
    wasm = undefined;
    __wbg_init_promise = undefined;
    return wasmModule;
}
`;

/** Adds {@link addition} to the loader; a Failure where the loader no longer has what it changes. */
function completeLoader(path) {
  const text = readFileSync(path, "utf8");
  for (const name of ["wasmModule", "wasm", "__wbg_init_promise"]) {
    if (!new RegExp(`^let\\b[^;]*\\b${name}\\b`, "m").test(text))
      throw new Failure(`wasm-bindgen's loader has no variable ${name} any more: see scripts/build-wasm.mjs`);
  }
  appendFileSync(path, addition);
}

/** Builds dist/wasm/ where its sources changed. Each file is renamed into its place, the record of its sources last. */
export async function buildWasm() {
  const folder = join(root, "dist", "wasm");
  mkdirSync(folder, { recursive: true });
  const digest = digestOf(
    ["crates/core", "crates/wasm"],
    readFileSync(join(root, "scripts", "build-wasm.mjs"), "utf8"),
  );
  const stamp = ({ name }) => join(folder, `.stamp-${name}`);
  const finishing = [];
  for (const module of modules.filter(
    (one) => !existsSync(stamp(one)) || readFileSync(stamp(one), "utf8") !== digest,
  )) {
    await compile(module);
    const bindgen = await wasmBindgen();
    const temporary = join(folder, `.${module.name}.${process.pid}`);
    mkdirSync(temporary, { recursive: true });
    // Modules of one profile share cargo's output, so this is waited for; wasm-opt has one thread, and meanwhile the
    // next module is compiled.
    await must(bindgen, [
      join(targetDir, target, module.profile, "adjoint_wasm.wasm"),
      "--target",
      "web",
      "--out-name",
      module.name,
      "--out-dir",
      temporary,
    ]);
    finishing.push(finish(module, folder, temporary).then(() => writeFileSync(stamp(module), digest)));
  }
  await Promise.all(finishing);
}

/** Makes what is downloaded of what wasm-bindgen put into `temporary`. */
async function finish({ name, what }, folder, temporary) {
  try {
    const file = join(temporary, `${name}_bg.wasm`);
    say(`optimising ${what} (a minute or two)`);
    await must(process.execPath, [
      join(root, "node_modules", "binaryen", "bin", "wasm-opt"),
      LEVEL,
      "--mvp-features",
      ...features,
      file,
      "-o",
      file,
    ]);
    completeLoader(join(temporary, `${name}.js`));
    for (const made of readdirSync(temporary)) renameSync(join(temporary, made), join(folder, made));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** What a visitor downloads of each module, in bytes: as it is, with gzip and with brotli, both at their best. */
export function wasmSizes() {
  return Object.fromEntries(
    modules.map(({ name }) => {
      const module = readFileSync(join(root, "dist", "wasm", `${name}_bg.wasm`));
      const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;
      const brotli = brotliCompressSync(module, {
        params: { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_SIZE_HINT]: module.length },
      });
      return [name, { raw: module.length, gzip: gzipSync(module, { level: 9 }).length, brotli: brotli.length }];
    }),
  );
}

/** The committed sizes, which tests compare with. */
export const sizesFile = join(root, "crates", "wasm", "sizes.json");

if (isMain(import.meta.url)) {
  await main(async () => {
    await setup();
    await buildWasm();
    if (process.argv.includes("--sizes")) writeFileSync(sizesFile, `${JSON.stringify(wasmSizes(), null, 2)}\n`);
  });
}
