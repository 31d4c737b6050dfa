import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const program = fileURLToPath(new URL("../../scripts/cuda-llvm.mjs", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "adjoint-llvm-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A program in the place of another. */
function fake(name: string, text: string): string {
  const path = join(work, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Runs the script with a compiler that finds, or does not find, the libraries. */
function prepare(llvm: string, data: string, cc = "exit 0"): { status: number | null; stdout: string; stderr: string } {
  fake("cc", cc);
  return spawnSync(process.execPath, [program, "--llvm-config", llvm], {
    env: { PATH: `${work}:${process.env.PATH ?? ""}`, XDG_DATA_HOME: data },
    encoding: "utf8",
  });
}

describe.runIf(process.platform === "linux")("scripts/cuda-llvm.mjs (on Linux)", () => {
  const llvm = fake("new", 'if [ "$1" = --version ]; then echo 22.1.8; else echo "given: $*"; fi');

  it("makes a folder that answers as the build script expects, and says how to build", () => {
    const data = join(work, "data");
    const { status, stdout, stderr } = prepare(llvm, data);
    expect([status, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("npm run build:gpu -- --cuda");
    const [folder = ""] = readdirSync(join(data, "tracel"));
    expect(folder).toMatch(/^tracel-llvm-\d+\.\d+\.\d+-\d+$/);
    expect(existsSync(join(data, "tracel", folder, ".tracel-llvm-installed"))).toBe(true);
    const config = join(data, "tracel", folder, "bin", "llvm-config");
    const answer = (...args: string[]) => spawnSync(config, args, { encoding: "utf8" }).stdout.trim();
    expect(answer("--system-libs", "--link-static")).toBe("-lrt -ldl -lm -lz -lzstd");
    expect(answer("--libs")).toMatch(/^given: --link-static --libs nvptx native .* debuginfodwarf$/);
    expect(answer("--cxxflags", "--ignore-libllvm")).toBe("given: --cxxflags --ignore-libllvm");
    expect(prepare(llvm, data).status).toBe(0);
  });

  it("names an LLVM that is too old or missing, and missing libraries", () => {
    const old = fake("old", "echo 15.0.6");
    expect(prepare(old, join(work, "a")).stderr).toContain("is of LLVM 15.0.6, expected LLVM 22 or newer");
    expect(prepare(join(work, "none"), join(work, "b")).stderr).toContain("none was not found");
    const { status, stderr } = prepare(llvm, join(work, "c"), "echo 'cannot find -lzstd' >&2; exit 1");
    expect([status, stderr.includes("cannot find -lzstd"), existsSync(join(work, "c"))]).toEqual([1, true, false]);
  });

  it("leaves an LLVM that was downloaded alone", () => {
    const data = join(work, "downloaded");
    prepare(llvm, data);
    const [folder = ""] = readdirSync(join(data, "tracel"));
    const config = join(data, "tracel", folder, "bin", "llvm-config");
    writeFileSync(config, "\x7fELF");
    const { status, stderr } = prepare(llvm, data);
    expect([status, stderr.includes("has an LLVM already")]).toEqual([1, true]);
  });
});
