import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiled, node } from "../cli/compiled.js";

const start = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
let library: string;
let addOn: string;

/** A program that trains and says what computed. */
const program = `import { data, devices, init, loss, nn, optim, physics, Rng, train } from "adjoint";
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

  it("together train with the add-on, without a word and without Rust", async () => {
    const name = `@adjoint/${/adjoint-(.*?)-\d/.exec(basename(addOn))?.[1]}`;
    await unpack(addOn, name);
    const made = JSON.parse(await readFile(join(folder, "node_modules", name, "package.json"), "utf8")) as {
      name: string;
      os: string[];
      cpu: string[];
    };
    expect(made).toMatchObject({ name, os: [process.platform], cpu: [process.arch] });
    const path = process.env["PATH"];
    process.env["PATH"] = "";
    try {
      expect(await node([join(folder, "train.mjs")])).toEqual({ code: 0, stdout: "trained 2 true\n", stderr: "" });
    } finally {
      process.env["PATH"] = path;
    }
  });
});
