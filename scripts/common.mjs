// What the scripts share: paths, and how a program is run.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Cargo's output: CARGO_TARGET_DIR, which may be outside the clone, or target/. */
export const targetDir = resolve(root, process.env.CARGO_TARGET_DIR ?? "target");

/** The TypeScript compiler of node_modules. */
export const tsc = join(root, "node_modules", "typescript", "bin", "tsc");

/** A failure that is reported by its message alone, without a stack. */
export class Failure extends Error {}

/** Writes a file whole or not at all: whoever reads it meanwhile, or after a kill, sees the old one. */
export function replaceFile(path, text) {
  const temporary = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

/** Prints the step that begins now. */
export function say(text) {
  process.stderr.write(`> ${text}\n`);
}

/** The trimmed standard output of a program, or undefined if it is not installed or fails. */
export function output(command, args) {
  const { status, stdout } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

let wrapper;

/**
 * The environment in which cargo compiles less (scripts/rustc.sh): empty where the compiler does not know the hint, the
 * shell is missing, or a wrapper is set already.
 */
function compilingLess() {
  const script = join(root, "scripts", "rustc.sh");
  wrapper ??=
    process.platform !== "win32" &&
    process.env.RUSTC_WRAPPER === undefined &&
    spawnSync(script, ["rustc", "--crate-name", "burn_flex", "--print", "sysroot"], { cwd: root }).status === 0
      ? { RUSTC_WRAPPER: script }
      : {};
  return wrapper;
}

/**
 * Runs a program in the root, shows its output and resolves to its exit code. `onText` is called with its standard
 * output. Ctrl-C reaches the program, which decides how to end.
 */
export async function run(command, args, { env = {}, onText } = {}) {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...(/\bcargo$/.test(command) ? compilingLess() : {}), ...env },
    stdio: ["inherit", onText ? "pipe" : "inherit", "inherit"],
  });
  child.stdout?.on("data", (chunk) => {
    process.stdout.write(chunk);
    onText(chunk.toString());
  });
  const wait = () => {};
  process.on("SIGINT", wait);
  try {
    return await new Promise((done, fail) => {
      child.on("error", (error) => fail(new Failure(`${command} cannot be run: ${error.message}.`)));
      child.on("close", (code, signal) => done(code ?? (signal === "SIGINT" ? 130 : 1)));
    });
  } finally {
    process.off("SIGINT", wait);
  }
}

/** Runs a program and throws a Failure unless its exit code is 0. */
export async function must(command, args, options) {
  const code = await run(command, args, options);
  if (code !== 0) throw new Failure(`${[command, ...args].join(" ")} failed (exit code ${code}).`);
}

/** A digest of the sources of crates, without their tests, and of `more`: compiler, flags. */
export function digestOf(crates, more) {
  const hash = createHash("sha256").update(`${more}\n`);
  const files = ["Cargo.toml", "Cargo.lock"];
  for (const crate of crates) {
    const found = readdirSync(join(root, crate), { recursive: true, withFileTypes: true });
    for (const entry of found)
      if (entry.isFile() && /[\\/]src(?:[\\/]|$)|crates[\\/]\w+$/.test(entry.path))
        files.push(join(entry.path, entry.name).slice(root.length + 1));
  }
  for (const file of files.sort()) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

/** Whether a module is the program that was started, rather than imported. */
export function isMain(url) {
  return process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(url);
}

/** Runs the work of a script; errors are printed and set the exit code. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    process.stderr.write(error instanceof Failure ? `error: ${error.message}\n` : `${error.stack}\n`);
    process.exitCode = 1;
  }
}
