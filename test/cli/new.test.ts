import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiled, node } from "./compiled.js";

const start = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
let folder: string;
let main: string;

beforeAll(async () => {
  main = compiled("cli/main.js");
  folder = await mkdtemp(join(tmpdir(), "adjoint-new-"));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

/** Puts what npm would install into a project: this package and those that it and the templates name. */
async function install(project: string): Promise<void> {
  const modules = join(project, "node_modules");
  await mkdir(modules);
  await symlink(root, join(modules, "adjoint"), "junction");
  for (const name of ["@types", "typescript", "vite"])
    await symlink(join(root, "node_modules", name), join(modules, name), "junction");
}

describe("adjoint without arguments", () => {
  it("names three commands to try, which exist", async () => {
    const { code, stdout, stderr } = await node([main]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const tried = [...stdout.matchAll(/^ {2}npx adjoint (\w+)/gm)].map(([, name]) => name as string);
    expect(tried).toEqual(["denoise", "start", "new"]);
    for (const name of tried) expect((await node([main, name, "--help"])).stdout).toContain(`Usage: adjoint ${name}`);
  });
});

describe("adjoint new", () => {
  it("makes a program that type-checks and trains", async () => {
    const project = join(folder, "first-try");
    const made = await node([main, "new", project]);
    expect({ code: made.code, stderr: made.stderr }).toEqual({ code: 0, stderr: "" });
    expect(made.stdout).toContain("npm start");
    const { name, dependencies } = JSON.parse(await readFile(join(project, "package.json"), "utf8")) as {
      name: string;
      dependencies: Record<string, string>;
    };
    expect(name).toBe("first-try");
    // Made by a clone, the project takes the library from it.
    expect(dependencies["adjoint"]).toBe(`file:${root}`);
    expect(await readFile(join(project, ".gitignore"), "utf8")).toContain("node_modules");
    await install(project);
    const { stdout: errors } = await start(process.execPath, [tsc], { cwd: project }).catch(
      (error: { stdout: string }) => error,
    );
    expect(errors).toBe("");
    const { stdout } = await start(process.execPath, ["build/train.js", "2"], { cwd: project });
    expect(stdout).toMatch(/step 2 of 2[\s\S]*noisy (?:19|20)\.\d\d dB\ncleaned \d+\.\d\d dB/);
    expect(await readdir(join(project, "results"))).toEqual(["cleaned.png", "noisy.png", "weights.safetensors"]);
  });

  it("makes a page that type-checks", async () => {
    const project = join(folder, "page");
    expect((await node([main, "new", project, "--template", "vite"])).code).toBe(0);
    await install(project);
    const { stdout } = await start(process.execPath, [tsc], { cwd: project }).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe("");
    expect(await readdir(join(project, "public"))).toEqual(["camera.png"]);
  });

  it("takes the library from where --package says", async () => {
    const project = join(folder, "from-tarball");
    expect((await node([main, "new", project, "--package", "^9.9.9"])).code).toBe(0);
    expect(await readFile(join(project, "package.json"), "utf8")).toContain('"adjoint": "^9.9.9"');
  });

  it("keeps what is there, and refuses names that npm refuses", async () => {
    const project = join(folder, "taken");
    await mkdir(project);
    await writeFile(join(project, "thesis.txt"), "mine");
    const taken = await node([main, "new", project]);
    expect(taken.code).toBe(1);
    expect(taken.stderr).toMatch(/has files already, thesis\.txt among them/);
    expect(await readdir(project)).toEqual(["thesis.txt"]);
    const wrong = await node([main, "new", join(folder, "My Training")]);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toMatch(/My Training is no name of a package/);
  });
});
