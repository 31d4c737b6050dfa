import { execFile, spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiled, node } from "../cli/compiled.js";

const start = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
let library: string;
let addOn: string;

const names = "data, devices, init, loss, nn, optim, physics, Rng, train";
/** Trains and says what computed: the body of a module or of a function. */
const training = `
await init();
const rng = new Rng(0);
const denoising = new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma: 0.1 }) });
const model = new nn.DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng });
const trainer = new train.Trainer({
  model, physics: denoising, losses: new loss.SureGaussianLoss({ sigma: 0.1 }),
  optimizer: new optim.Adam(model.parameters()), trainData: new data.TensorDataset({ x: rng.uniform([4, 1, 16, 16]) }),
  batchSize: 2, rng,
});
await trainer.train();
console.log("trained", trainer.steps, devices().find(({ name }) => name === "cpu").available);
`;
const program = `import { ${names} } from "adjoint";${training}`;

/** Unpacks a tarball into the folder's node_modules, as npm does. */
async function unpack(tarball: string, name: string): Promise<void> {
  const target = join(folder, "node_modules", name);
  await mkdir(target, { recursive: true });
  await start("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
}

beforeAll(async () => {
  compiled("index.js");
  folder = await mkdtemp(join(tmpdir(), "adjoint-platform-"));
  const { pack } = (await import(join(root, "scripts", "pack.mjs"))) as {
    pack(destination: string): Promise<string[]>;
  };
  [library = "", addOn = ""] = (await pack(join(folder, "packages"))).map((file) => join(folder, "packages", file));
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  await writeFile(join(folder, "train.mjs"), program);
  await unpack(library, "adjoint");
}, 300_000);
afterAll(async () => await rm(folder, { recursive: true, force: true }));

describe("the package without an add-on, and the package of this platform", () => {
  it("alone trains with the WebAssembly module, and names the package that is missing", async () => {
    const { code, stdout, stderr } = await node([join(folder, "train.mjs")]);
    expect(stderr).toMatch(/^adjoint: .*the package @adjoint\/\S+ is not installed.*WebAssembly.*\n$/);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "trained 2 true\n" });
  });

  it("has optional dependencies of its own version on the packages of all platforms", async () => {
    const { version, optionalDependencies } = JSON.parse(
      await readFile(join(folder, "node_modules", "adjoint", "package.json"), "utf8"),
    ) as { version: string; optionalDependencies: Record<string, string> };
    const platforms = Object.entries(optionalDependencies).filter(([name]) => name.startsWith("@adjoint/"));
    expect(platforms).toHaveLength(8);
    for (const [name, wanted] of platforms) expect(wanted, name).toBe(version);
  });
});

describe("docs/install.md in an empty folder", () => {
  let empty: string;
  let path: string;

  /** Runs a line in the folder, with a PATH that has Node, npm and a shell, and no Rust. */
  async function run(line: string): Promise<{ stdout: string; stderr: string }> {
    const env = { ...process.env, PATH: path };
    return await start(line, [], { cwd: empty, shell: true, maxBuffer: 1 << 24, env });
  }

  beforeAll(async () => {
    // Not within the other folder: npm installs where it finds the next package.json above.
    empty = await mkdtemp(join(tmpdir(), "adjoint-empty-"));
    const bin = join(folder, "bin");
    await mkdir(bin);
    for (const file of [library, addOn]) await cp(file, join(empty, basename(file)));
    const here = dirname(process.execPath);
    for (const name of ["node", "npm", "npx"]) await symlink(join(here, name), join(bin, name));
    for (const name of ["sh", "env", "uname"])
      await symlink((await start("which", [name])).stdout.trim(), join(bin, name));
    path = bin;
  });
  afterAll(async () => await rm(empty, { recursive: true, force: true }));

  it("its lines install both packages without Rust, greet, and make a project", async () => {
    const text = await readFile(join(root, "docs", "install.md"), "utf8");
    const lines = (/```\n(npm install \.\/adjoint[\s\S]*?)```/.exec(text)?.[1] ?? "").trim().split("\n");
    expect(lines).toHaveLength(3);
    const [install = "", greet = "", make = ""] = lines;
    const own = /adjoint-(.*?)-\d/.exec(basename(addOn))?.[1] ?? "";
    await expect(run("cargo --version")).rejects.toThrow();
    await run(`${install.replace("linux-x64-gnu", own)} --prefer-offline --no-audit --no-fund`);
    const made = await readFile(join(empty, "node_modules", "@adjoint", own, "package.json"), "utf8");
    expect(JSON.parse(made)).toMatchObject({ name: `@adjoint/${own}`, os: [process.platform], cpu: [process.arch] });
    expect((await run(greet)).stdout).toContain("npx adjoint new");
    expect((await run(make)).stdout).toContain("my-training");
  });

  it.each([
    ["a module", "train.mjs", program],
    ["CommonJS", "train.cjs", `const { ${names} } = require("adjoint"); (async () => {${training}})();`],
    [
      "a worker thread",
      "thread.mjs",
      `import { isMainThread, Worker } from "node:worker_threads";
      if (isMainThread) new Worker(new URL(import.meta.url));
      else await import("./train.mjs");`,
    ],
  ])("%s trains with the add-on, without a word", async (_, file, code) => {
    await writeFile(join(empty, file), code);
    expect(await run(`node ${file}`)).toEqual({ stdout: "trained 2 true\n", stderr: "" });
  });

  const runtimes = [
    ["Deno", "deno", ["run", "-A", "train.mjs"]],
    ["Bun", "bun", ["train.mjs"]],
  ] as const;
  for (const [title, command, args] of runtimes) {
    const there = spawnSync(command, ["--version"]).status === 0;
    it.skipIf(!there)(`${title} trains with the add-on too, where it is installed`, async () => {
      const { stdout } = await start(command, [...args], { cwd: empty });
      expect(stdout).toBe("trained 2 true\n");
    });
  }
});
