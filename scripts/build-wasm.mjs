// Builds crates/wasm to dist/wasm/: adjoint_wasm.js, its types and adjoint_wasm_bg.wasm. The JavaScript is wasm-bindgen's "web" target,
// which runs in browsers and, given the module's bytes, in Node. binaryen's wasm-opt makes the module smaller and faster.
// `--sizes` writes crates/wasm/sizes.json anew.
import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { digestOf, Failure, isMain, main, must, output, root, say, targetDir } from "./common.mjs";
import { setup } from "./setup.mjs";

const target = "wasm32-unknown-unknown";
const flags = '-C target-feature=+simd128 --cfg getrandom_backend="wasm_js"';
/** What every browser of the last years has; wasm-opt must not use what came later. */
const features = ["simd", "bulk-memory", "bulk-memory-opt", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue"].map((name) => `--enable-${name}`);
const built = ["build", "--profile", "wasm", "-p", "adjoint-wasm", "--target", target];

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
  throw new Failure("no linker for WebAssembly was found: install Rust with rustup (it brings rust-lld), or LLVM's lld");
}

/** Compiles the crate: with the installed target, with the target added by rustup, or with the standard library built from its sources. */
async function compile() {
  const env = { RUSTFLAGS: flags };
  if (!hasTarget("rustc") && output("rustup", ["--version"]) !== undefined) {
    say(`adding the target ${target} with rustup`);
    await must("rustup", ["target", "add", target]).catch(() => say("rustup cannot add it (no network?)"));
  }
  if (hasTarget("rustc")) {
    say(`building the WebAssembly module with rustup's target ${target}`);
    return await must("cargo", built, { env });
  }
  const [cargo, rustc] = ["/usr/bin/cargo", "/usr/bin/rustc"];
  const sysroot = output(rustc, ["--print", "sysroot"]);
  const library = sysroot && join(sysroot, "lib", "rustlib", "src", "rust", "library");
  if (!existsSync(cargo) || !library || !existsSync(library)) {
    throw new Failure(`the target ${target} is missing: run \`rustup target add ${target}\`, or on Debian without it: apt-get install rustc-web cargo-web rust-web-src`);
  }
  say("building the WebAssembly module and its standard library with the system's compiler");
  await must(cargo, [...built, "-Z", "build-std=std,panic_abort"], {
    env: { ...env, RUSTC: rustc, RUSTC_BOOTSTRAP: "1", CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: findLinker() },
  });
}

/** The path of wasm-bindgen's program of the version that Cargo.lock has; built once. */
async function wasmBindgen() {
  const version = /name = "wasm-bindgen"\nversion = "([^"]+)"/.exec(readFileSync(join(root, "Cargo.lock"), "utf8"))?.[1];
  const fits = (program) => output(program, ["--version"]) === `wasm-bindgen ${version}`;
  const tools = join(targetDir, "tools");
  const own = join(tools, "bin", "wasm-bindgen");
  for (const program of ["wasm-bindgen", own]) if (fits(program)) return program;
  say(`building wasm-bindgen ${version} (once, a few minutes)`);
  // Without --locked: its lock file names a crate version that some mirrors lack.
  await must("cargo", ["install", "wasm-bindgen-cli", "--version", version, "--root", tools, "--target-dir", join(tools, "build"), "--force", "--no-track"]);
  return own;
}

/**
 * What is added to wasm-bindgen's loader, which makes one instance and never another: after a trap the instance is useless, and the facade
 * asks for a new one. Loading sets everything else that depends on the instance.
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
    if (!new RegExp(`^let\\b[^;]*\\b${name}\\b`, "m").test(text)) throw new Failure(`wasm-bindgen's loader has no variable ${name} any more: see scripts/build-wasm.mjs`);
  }
  appendFileSync(path, addition);
}

/** Builds dist/wasm/ where its sources changed; the folder is replaced in one go. */
export async function buildWasm() {
  const folder = join(root, "dist", "wasm");
  const stamp = join(folder, ".stamp");
  const digest = digestOf(["crates/core", "crates/wasm"], readFileSync(join(root, "scripts", "build-wasm.mjs"), "utf8"));
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === digest) return;
  await compile();
  const temporary = `${folder}.${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  await must(await wasmBindgen(), [join(targetDir, target, "wasm", "adjoint_wasm.wasm"), "--target", "web", "--out-dir", temporary]);
  const module = join(temporary, "adjoint_wasm_bg.wasm");
  say("optimising the WebAssembly module (two minutes)");
  await must(process.execPath, [join(root, "node_modules", "binaryen", "bin", "wasm-opt"), "-O3", "--mvp-features", ...features, module, "-o", module]);
  completeLoader(join(temporary, "adjoint_wasm.js"));
  writeFileSync(join(temporary, ".stamp"), digest);
  rmSync(folder, { recursive: true, force: true });
  renameSync(temporary, folder);
}

/** What a visitor downloads, in bytes: the module as it is, with gzip and with brotli, both at their best. */
export function wasmSizes() {
  const module = readFileSync(join(root, "dist", "wasm", "adjoint_wasm_bg.wasm"));
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;
  const brotli = brotliCompressSync(module, { params: { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_SIZE_HINT]: module.length } });
  return { raw: module.length, gzip: gzipSync(module, { level: 9 }).length, brotli: brotli.length };
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
