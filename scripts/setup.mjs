// Makes a fresh clone ready to build: checks Node and Rust, installs node_modules. Messages say what to do.
import { existsSync, readFileSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { Failure, isMain, main, must, output, root, say } from "./common.mjs";

/** Whether version `a` is at least `b`, both like 1.95.0. */
function atLeast(a, b) {
  const [x, y] = [a, b].map((version) => version.split(".").map((part) => Number.parseInt(part, 10)));
  for (const [i, part] of y.entries()) if ((x[i] ?? 0) !== part) return (x[i] ?? 0) > part;
  return true;
}

/** Throws a Failure if Node is too old. */
function checkNode() {
  if (!atLeast(process.versions.node, "20.0.0"))
    throw new Failure(`Node ${process.versions.node} is too old: install 20 or later (https://nodejs.org).`);
}

/** Installs the packages of package-lock.json if they are missing or older than it. */
async function installPackages() {
  const marker = join(root, "node_modules", ".package-lock.json");
  const lock = join(root, "package-lock.json");
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs) return;
  say("installing the packages of package-lock.json");
  await must("npm", ["ci", "--no-audit", "--no-fund"]);
  // npm keeps the old time of the marker if nothing changed.
  if (existsSync(marker)) utimesSync(marker, new Date(), new Date());
}

/** Throws a Failure if cargo is missing or too old, or nothing can link what it compiles. */
export function checkRust() {
  const wanted = /rust-version = "([^"]+)"/.exec(readFileSync(join(root, "Cargo.toml"), "utf8"))?.[1] ?? "1.95";
  const advice =
    `Rust ${wanted} or later is needed to build the native add-on: ` +
    "install it from https://rustup.rs, open a new terminal and try again.";
  const version = /^cargo (\S+)/.exec(output("cargo", ["--version"]) ?? "")?.[1];
  if (version === undefined)
    throw new Failure(`cargo was not found, or lacks the toolchain of rust-toolchain.toml. ${advice}`);
  if (!atLeast(version, wanted)) throw new Failure(`cargo ${version} is too old. ${advice}`);
  // On Windows the installer of Rust asks for the tools of Visual Studio.
  if (process.platform !== "win32" && output("cc", ["--version"]) === undefined)
    throw new Failure(
      "cc was not found: the native add-on is linked by a C compiler. Install one (Debian and Ubuntu: apt install " +
        "build-essential; Fedora: dnf install gcc; macOS: xcode-select --install) and try again.",
    );
}

/** Makes everything ready; `rust`: also checks Rust. */
export async function setup({ rust = true } = {}) {
  checkNode();
  if (rust) checkRust();
  await installPackages();
}

if (isMain(import.meta.url)) await main(setup);
