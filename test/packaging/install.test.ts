import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiled } from "../cli/compiled.js";

const start = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
let path: string;

/** Lines that train, in a module or in a function. */
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
  console.log("trained", trainer.steps);`;
const names = "data, init, loss, nn, optim, physics, Rng, train";

/** Runs a line in the folder, with a PATH that has Node, npm and the shell, and no Rust. */
async function run(line: string): Promise<{ stdout: string; stderr: string }> {
  return await start(line, { cwd: folder, shell: true, maxBuffer: 1 << 24, env: { ...process.env, PATH: path } });
}

beforeAll(async () => {
  compiled("index.js");
  folder = await mkdtemp(join(tmpdir(), "adjoint-install-"));
  const { pack } = (await import(join(root, "scripts", "pack.mjs"))) as {
    pack(destination: string): Promise<string[]>;
  };
  const packages = join(folder, "packages");
  for (const file of await pack(packages)) await cp(join(packages, file), join(folder, basename(file)));
  const bin = join(folder, "bin");
  await mkdir(bin);
  if (process.platform === "win32") path = process.env["PATH"] ?? "";
  else {
    const there = dirname(process.execPath);
    for (const name of ["node", "npm", "npx"]) await symlink(join(there, name), join(bin, name));
    for (const name of ["sh", "env", "uname"])
      await symlink((await start("which", [name])).stdout.trim(), join(bin, name));
    path = [bin].join(delimiter);
  }
}, 300_000);
afterAll(async () => await rm(folder, { recursive: true, force: true }));

describe("docs/install.md in an empty folder", () => {
  it("its lines install the two packages without Rust, greet, and make a project", async () => {
    const text = await readFile(join(root, "docs", "install.md"), "utf8");
    const block = /```\n(npm install \.\/adjoint[\s\S]*?)```/.exec(text)?.[1] ?? "";
    const lines = block.trim().split("\n");
    expect(lines).toHaveLength(3);
    await expect(run("cargo --version")).rejects.toThrow();
    const { platformPackage } = (await import(compiled("runtime/node/platform-package.js"))) as {
      platformPackage(): string;
    };
    const own = platformPackage().replace("@adjoint/", "");
    const quiet = "--prefer-offline --no-audit --no-fund";
    await run(`${(lines[0] as string).replace("linux-x64-gnu", own)} ${quiet}`);
    expect((await run(lines[1] as string)).stdout).toContain("npx adjoint new");
    expect((await run(lines[2] as string)).stdout).toContain("my-training");
  });

  it.each([
    ["a module", "train.mjs", `import { ${names} } from "adjoint";${training}`],
    ["CommonJS", "train.cjs", `const { ${names} } = require("adjoint"); (async () => {${training}\n})();`],
    [
      "a worker thread",
      "thread.mjs",
      `import { isMainThread, Worker } from "node:worker_threads";
      import { ${names} } from "adjoint";
      if (isMainThread) new Worker(new URL(import.meta.url));
      else {${training}\n}`,
    ],
  ])("%s trains with the add-on, without a word", async (_, file, code) => {
    await writeFile(join(folder, file), code);
    expect(await run(`node ${file}`)).toEqual({ stdout: "trained 2\n", stderr: "" });
  });
});
