// Builds crates/wasm to dist/wasm/ as three modules: adjoint_wasm for the CPU, adjoint_wasm_relaxed for the CPU with
// relaxed SIMD, which is faster where that is supported, and adjoint_wasm_gpu for the CPU and WebGPU, which is three
// times larger. Each is NAME.js, its types and NAME_bg.wasm. The JavaScript is wasm-bindgen's "web" target, which
// runs in browsers and, given the module's bytes, in Node. binaryen's wasm-opt makes the modules smaller and faster.
// `--threads` builds a fourth too, adjoint_wasm_threads, for the CPU with relaxed SIMD and shared memory.
// `--sizes` updates crates/wasm/sizes.json.
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
const flags = (...more) =>
  [`-C target-feature=${["+simd128", ...more].join(",")}`, '--cfg getrandom_backend="wasm_js"'].join(" ");
/**
 * Flags of the module with threads: its memory is imported, shared, and at most as large as addresses reach. What is
 * exported is what wasm-bindgen needs to give each thread its stack and its variables.
 */
const threadFlags = [
  flags("+atomics", "+bulk-memory", "+mutable-globals"),
  ...["--shared-memory", "--import-memory", "--max-memory=4294967296"].map((flag) => `-C link-arg=${flag}`),
  ...["__wasm_init_tls", "__tls_size", "__tls_align", "__tls_base"].map((name) => `-C link-arg=--export=${name}`),
].join(" ");
/** Builds the standard library from its sources, for which the compiler must allow unstable options. */
const fromSources = { args: ["-Z", "build-std=std,panic_abort"], env: { RUSTC_BOOTSTRAP: "1" } };
/**
 * The WebAssembly features that wasm-opt may use: those of all current browsers. It adds no relaxed SIMD to a module
 * without it.
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
 * Optimisation level of wasm-opt. After -O3 browsers' compilers spill the kernels' registers: a training step takes
 * 1.65 times as long, and inlining makes the download larger by a tenth. With -O1 the step takes as long as without
 * wasm-opt.
 */
const OPTIMIZATION = "-O1";
/**
 * The modules, in the order in which they are built. Two have the same profile as the add-ons and share cargo's output
 * with them; the one with WebGPU, the longest to compile, has its own, and can be compiled beside an add-on.
 */
const modules = [
  { name: "adjoint_wasm_gpu", profile: "wasm-gpu", features: "webgpu", what: "the WebAssembly module with WebGPU" },
  { name: "adjoint_wasm", profile: "release", features: "", what: "the WebAssembly module" },
  {
    name: "adjoint_wasm_relaxed",
    profile: "release",
    features: "relaxed-simd",
    what: "the WebAssembly module with relaxed SIMD",
  },
  {
    name: "adjoint_wasm_threads",
    profile: "wasm-threads",
    features: "relaxed-simd,threads",
    what: "the WebAssembly module with threads",
    threads: true,
  },
];

/** Whether the toolchain that rustup manages has a folder; `missing` is what to add to it where it has not. */
async function hasFolder(path, missing) {
  const there = () => {
    const sysroot = output("rustc", ["--print", "sysroot"]);
    return sysroot !== undefined && existsSync(join(sysroot, "lib", "rustlib", ...path));
  };
  if (!there() && output("rustup", ["--version"]) !== undefined) {
    say(`adding ${missing[0]} ${missing.at(-1)} with rustup`);
    await must("rustup", missing).catch(() => say("rustup could not add it (no network?)"));
  }
  return there();
}

/** The linker for a standard library built from its sources: rustup's rust-lld, or LLVM's. */
function findLinker() {
  const sysroot = output("rustc", ["--print", "sysroot"]);
  const host = /host: (\S+)/.exec(output("rustc", ["-vV"]) ?? "")?.[1];
  const own = sysroot && host && join(sysroot, "lib", "rustlib", host, "bin", "rust-lld");
  if (own && existsSync(own)) return own;
  if (output("wasm-ld", ["--version"]) !== undefined) return "wasm-ld";
  throw new Failure(
    "No linker for WebAssembly was found: install Rust with rustup (it includes rust-lld), or LLVM's lld.",
  );
}

/**
 * Compiles the crate with the target that is installed or that rustup adds, or with the standard library built from its
 * sources. No target has threads: for those it is always built, from rustup's sources or from Debian's.
 */
async function compile({ profile, features, what, threads = false }) {
  const env = { RUSTFLAGS: threads ? threadFlags : flags() };
  // What the core uses of burn seldom takes the time; compiled for speed it is a quarter of the download.
  // In several parts it would have copies of burn's functions, which are compiled where they are called (rustc.sh).
  const settings = ['adjoint-backend.opt-level="z"', "adjoint-backend.codegen-units=1", 'burn-std.opt-level="z"'];
  const size = settings.flatMap((setting) => ["--config", `profile.${profile}.package.${setting}`]);
  const crate = ["-p", "adjoint-wasm", "--features", features, "--target", target];
  const args = ["build", "--profile", profile, ...size, ...crate];
  const sources = ["src", "rust", "library"];
  if (threads && (await hasFolder(sources, ["component", "add", "rust-src"]))) {
    say(`building ${what} and its standard library, from rustup's sources`);
    return await must("cargo", [...args, ...fromSources.args], { env: { ...env, ...fromSources.env } });
  }
  if (!threads && (await hasFolder([target, "lib"], ["target", "add", target]))) {
    say(`building ${what} with rustup's target ${target}`);
    return await must("cargo", args, { env });
  }
  const [cargo, rustc] = ["/usr/bin/cargo", "/usr/bin/rustc"];
  const sysroot = output(rustc, ["--print", "sysroot"]);
  if (!existsSync(cargo) || !sysroot || !existsSync(join(sysroot, "lib", "rustlib", ...sources))) {
    throw new Failure(
      `${threads ? "The sources of the standard library are" : `The target ${target} is`} missing: run ` +
        `\`rustup ${threads ? "component add rust-src" : `target add ${target}`}\`, ` +
        "or on Debian without rustup: apt-get install rustc-web cargo-web rust-web-src.",
    );
  }
  say(`building ${what} and its standard library with the system's compiler, from the system's sources`);
  await must(cargo, [...args, ...fromSources.args], {
    env: { ...env, ...fromSources.env, RUSTC: rustc, CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER: findLinker() },
  });
}

/** The program that writes the JavaScript of a module: wasm-bindgen's library, of the version in Cargo.lock. */
async function bindgenProgram() {
  say("building the program that binds the modules to JavaScript");
  await must("cargo", ["build", "--release", "-p", "adjoint-bindgen"]);
  return join(targetDir, "release", `adjoint-bindgen${process.platform === "win32" ? ".exe" : ""}`);
}

/**
 * Code that is added to wasm-bindgen's loader, which never creates a second instance: after a trap the instance cannot
 * be used, and the facade loads a new one. Loading resets everything else that depends on the instance.
 */
const addition = `
/** Makes the next call of the loader create a new instance; returns the compiled module of the old one. */
export function forget() {
    wasm = undefined;
    __wbg_init_promise = undefined;
    return wasmModule;
}
`;

/** Code that is added to the loader of the module with threads: what the facade needs for its memory and workers. */
const threadsAddition = (initial, maximum) => `
/** The pages of 64 KiB that the memory has at first, and at most. */
export const memoryPages = { initial: ${initial}, maximum: ${maximum} };

/** The compiled module, which workers get. */
export function compiled() {
    return wasmModule;
}
`;

/** Adds {@link addition} to the loader. Throws a Failure if the loader lacks one of the variables that it changes. */
function completeLoader(path, threads) {
  const text = readFileSync(path, "utf8");
  for (const name of ["wasmModule", "wasm", "__wbg_init_promise"]) {
    if (!new RegExp(`^let\\b[^;]*\\b${name}\\b`, "m").test(text))
      throw new Failure(`wasm-bindgen's loader no longer has a variable ${name}: see scripts/build-wasm.mjs.`);
  }
  appendFileSync(path, addition);
  if (!threads) return;
  const [, initial, maximum] =
    /new WebAssembly\.Memory\(\{initial:(\d+),maximum:(\d+),shared:true\}\)/.exec(text) ?? [];
  if (maximum === undefined) throw new Failure("wasm-bindgen's loader no longer makes the memory that threads share.");
  appendFileSync(path, threadsAddition(initial, maximum));
}

/**
 * In the place of the module with threads, where it is not built or of other sources: bundlers find a file, and the
 * facade no threads.
 */
function standIn(folder) {
  rmSync(join(folder, "adjoint_wasm_threads_bg.wasm"), { force: true });
  const text = "// npm run build:wasm -- --threads builds this module.\nexport {};\n";
  writeFileSync(join(folder, "adjoint_wasm_threads.js"), text);
  writeFileSync(join(folder, "adjoint_wasm_threads.d.ts"), "export {};\n");
}

/**
 * Builds dist/wasm/ if its sources changed. Files are moved into place by renaming, the digest of the sources last. The
 * module with threads is built only if `threads` is true: its standard library and all else is compiled for it alone.
 */
export async function buildWasm({ threads = false } = {}) {
  const folder = join(root, "dist", "wasm");
  mkdirSync(folder, { recursive: true });
  standIn(folder);
  const digest = digestOf(
    ["crates/backend", "crates/bindgen", "crates/core", "crates/wasm"],
    readFileSync(join(root, "scripts", "build-wasm.mjs"), "utf8"),
  );
  const stamp = ({ name }) => join(folder, `.stamp-${name}`);
  const isCurrent = (one) => existsSync(stamp(one)) && readFileSync(stamp(one), "utf8") === digest;
  const optimizing = [];
  let bindgen;
  for (const module of modules.filter((one) => !isCurrent(one))) {
    if (module.threads && !threads) {
      standIn(folder);
      continue;
    }
    await compile(module);
    bindgen ??= await bindgenProgram();
    const temporary = join(folder, `.${module.name}.${process.pid}`);
    mkdirSync(temporary, { recursive: true });
    // Modules of the same profile share cargo's output, so bindgen is awaited. wasm-opt has one thread: the next module
    // is compiled meanwhile.
    await must(bindgen, [join(targetDir, target, module.profile, "adjoint_wasm.wasm"), module.name, temporary]);
    optimizing.push(optimize(module, folder, temporary).then(() => writeFileSync(stamp(module), digest)));
  }
  await Promise.all(optimizing);
}

/** Optimises the files that wasm-bindgen wrote to `temporary`, and moves them to `folder`. */
async function optimize({ name, what, threads }, folder, temporary) {
  try {
    const file = join(temporary, `${name}_bg.wasm`);
    say(`optimising ${what} (a minute or two)`);
    await must(process.execPath, [
      join(root, "node_modules", "binaryen", "bin", "wasm-opt"),
      OPTIMIZATION,
      "--mvp-features",
      ...features,
      ...(threads ? ["--enable-threads"] : []),
      file,
      "-o",
      file,
    ]);
    completeLoader(join(temporary, `${name}.js`), threads);
    for (const name of readdirSync(temporary)) renameSync(join(temporary, name), join(folder, name));
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** The modules in dist/wasm/. */
const built = () => modules.filter(({ name }) => existsSync(join(root, "dist", "wasm", `${name}_bg.wasm`)));

/**
 * Download sizes of the modules that are built, in bytes: uncompressed, with gzip and with brotli, both at their
 * highest level.
 */
export function wasmSizes() {
  return Object.fromEntries(
    built().map(({ name }) => {
      const module = readFileSync(join(root, "dist", "wasm", `${name}_bg.wasm`));
      const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;
      const brotli = brotliCompressSync(module, {
        params: { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_SIZE_HINT]: module.length },
      });
      return [name, { raw: module.length, gzip: gzipSync(module, { level: 9 }).length, brotli: brotli.length }];
    }),
  );
}

/** The committed sizes, with which tests compare. */
export const sizesFile = join(root, "crates", "wasm", "sizes.json");

if (isMain(import.meta.url)) {
  await main(async () => {
    await setup();
    await buildWasm({ threads: process.argv.includes("--threads") });
    if (process.argv.includes("--sizes")) {
      const known = JSON.parse(readFileSync(sizesFile, "utf8"));
      writeFileSync(sizesFile, `${JSON.stringify({ ...known, ...wasmSizes() }, null, 2)}\n`);
    }
  });
}
