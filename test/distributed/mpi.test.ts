import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { writeImage } from "../../ts/io/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { loadAddOn } from "../../ts/runtime/node/mpi.js";
import { tensor } from "../../ts/tensor/index.js";
import { compiled, type Ended } from "../cli/compiled.js";

await init({ device: "cpu" });
const program = fileURLToPath(new URL("mpi-program.mjs", import.meta.url));
const addOn = fileURLToPath(new URL("../../dist/native/adjoint-mpi.node", import.meta.url));
/** That of the MPI library that the add-on was built with. */
const launcher = process.env["MPIRUN"] ?? "mpirun";
const version = spawnSync(launcher, ["--version"], { encoding: "utf8" });
const missing = existsSync(addOn)
  ? version.status === 0
    ? undefined
    : `${launcher} is not installed`
  : "npm run build:mpi was not run";
/** What OpenMPI wants to be told; MPICH does not know it. */
const allowed = /open ?mpi|open-mpi/i.test(version.stdout ?? "") ? ["--allow-run-as-root", "--oversubscribe"] : [];
const folder = await mkdtemp(join(tmpdir(), "adjoint-mpi-"));
/** A small file system, where one can be made. */
const small = await mkdtemp(join(tmpdir(), "adjoint-mpi-full-"));
const isSmall = spawnSync("mount", ["-t", "tmpfs", "-o", "size=256k", "tmpfs", small]).status === 0;
afterAll(async () => {
  if (isSmall) spawnSync("umount", [small]);
  for (const made of [folder, small]) await rm(made, { recursive: true });
});

/** Runs Node on n ranks of one thread each. */
async function mpirun(n: number, args: readonly string[]): Promise<Ended> {
  const child = spawn(launcher, [...allowed, "-n", String(n), process.execPath, ...args], {
    env: { ...process.env, RAYON_NUM_THREADS: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, stdout, stderr };
}

/** What the ranks of the program tell, in their order. */
async function told(n: number, ...args: string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await mpirun(n, [program, dirname(compiled("node.js")), ...args]);
  expect(`${code} ${stderr}`).toMatch(/^0 /);
  const lines = stdout.trim().split("\n");
  return lines
    .map((line) => JSON.parse(line) as Record<string, number>)
    .sort((a, b) => (a["rank"] ?? 0) - (b["rank"] ?? 0));
}

/** The training of one rank. */
const alone = missing === undefined ? told(1, "train").then(([one]) => one) : undefined;

const failing = async (mode: string, checkpoint: string) =>
  await mpirun(2, [program, dirname(compiled("node.js")), mode, checkpoint]);

describe.skipIf(missing !== undefined)(`MPI, where it is installed${missing ? ` (skipped: ${missing})` : ""}`, () => {
  it.each([2, 4])("sums, gathers and broadcasts on %d ranks, buffers of 0, 1, odd and large lengths", async (n) => {
    const ranks = Array.from({ length: n }, (_, rank) => rank);
    expect(await told(n, "collectives")).toEqual(
      ranks.map((rank) => ({ rank, size: n, broadcast: 3_000_001, last: 7, gathered: ranks })),
    );
  });

  it("20 steps end with the same bits on 1, 2 and 4 ranks", async () => {
    const one = await alone;
    expect(one).toMatchObject({ step: 20, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    for (const { hash } of [...(await told(2, "train")), ...(await told(4, "train"))]) expect(hash).toBe(one?.["hash"]);
  });

  it("and so does a network whose gradients are exchanged part by part", async () => {
    const [one] = await told(1, "large");
    for (const n of [2, 4]) for (const { hash } of await told(n, "large")) expect(hash).toBe(one?.["hash"]);
  });

  it.for([
    ["is killed", "kill", /killed|signal 9/i],
    ["throws", "throw", /rank 1: the film is torn The last good checkpoint is .*throw\.safetensors \(step \d\)/],
    ["runs out of disk", "full", /ENOSPC.* The last good checkpoint is .*full\.safetensors \(step \d\)/],
    ["hangs", "hang", /rank 1 took no part within 1 s.* The last good checkpoint is .*hang\.safetensors \(step \d\)/],
  ] as const)(
    "a rank that $0 ends the job within ten seconds; the last checkpoint goes on with the same bits",
    async ([, mode, text], context) => {
      if (mode === "full" && !isSmall) return context.skip("no small file system can be made here");
      const checkpoint = join(mode === "full" ? small : folder, `${mode}.safetensors`);
      const { code, stdout, stderr } = await failing(mode, checkpoint);
      const seconds = (Date.now() - Number(/failing at (\d+)/.exec(stdout)?.[1])) / 1000;
      expect(code).not.toBe(0);
      // MPICH tells of a killed process on standard output.
      expect(stdout + stderr).toMatch(text);
      expect(seconds).toBeLessThan(10);
      for (const name of await readdir(small)) if (name.startsWith("filler")) await rm(join(small, name));
      // On another number of ranks.
      const resumed = await told(mode === "kill" ? 4 : 1, "resume", checkpoint);
      for (const { hash } of resumed) expect(hash).toBe((await alone)?.["hash"]);
    },
  );

  it("adjoint train joins: 2 and 4 ranks write the same weights, once", async () => {
    const config = {
      data: { train: join(folder, "images"), size: 16 },
      physics: { name: "Denoising", noiseModel: { name: "GaussianNoise", sigma: 0.1 } },
      model: { name: "DnCNN", inChannels: 1, outChannels: 1, depth: 3, nf: 4 },
      losses: [{ name: "SureGaussianLoss", sigma: 0.1 }],
      batchSize: 1,
      accumulate: 4,
      epochs: 2,
    };
    const photographs = fileURLToPath(new URL("../../examples/images", import.meta.url));
    for (const name of ["brick.png", "camera.png", "coins.png", "grass.png", "cell.png"])
      await cp(join(photographs, name), join(folder, "images", name));
    const file = join(folder, "config.json");
    await writeFile(file, JSON.stringify({ ...config, data: { ...config.data, channels: "grey" } }));
    const written = [2, 4].map(async (n) => {
      const out = join(folder, `out-${n}`);
      const { code, stdout, stderr } = await mpirun(n, [compiled("cli/main.js"), "train", file, "--out", out]);
      expect(`${code} ${stderr}`).toMatch(/^0 /);
      expect(stdout.trim().split("\n")).toHaveLength(1);
      return await readFile(join(out, "model.safetensors"));
    });
    const [two, four] = await Promise.all(written);
    expect(two?.equals(four as Buffer)).toBe(true);
  });

  it("adjoint denoise and apply share pages and files: 2 ranks write what one process does", async () => {
    const data = new Rng(2)
      .normal([3, 1, 40, 40])
      .mul(0.1)
      .add(tensor(Float32Array.from({ length: 1600 }, (_, i) => 0.5 + 0.3 * Math.sin(i / 90))).reshape([1, 1, 40, 40]));
    const [stack, page] = [join(folder, "stack.tif"), join(folder, "page.tif")];
    await writeImage(stack, data);
    await writeImage(page, data.slice([0], [1]).squeeze(0));
    const written = async (n: number): Promise<string[]> => {
      const own = (name: string): string => join(folder, `of-${n}-${name}`);
      const quick = ["--steps", "2", "--quality", "fast"];
      const calls = [
        ["denoise", stack, "-o", own("stack.tif"), "--save", own("denoiser.safetensors"), ...quick],
        ["apply", own("denoiser.safetensors"), stack, page, "-o", own("folder")],
        // One page, of which there is one tile.
        ["denoise", page, "-o", own("page.tif"), "--model", own("denoiser.safetensors")],
      ];
      for (const args of calls) {
        const { code, stdout, stderr } = await mpirun(n, [compiled("cli/main.js"), ...args]);
        expect(`${code} ${stderr}`).toMatch(/^0 /);
        // One of the processes prints.
        expect(stdout.match(/of-\d-/g)).toHaveLength(1);
      }
      const files = ["stack.tif", "denoiser.safetensors", "folder/stack.tif", "folder/page.tif", "page.tif"];
      return await Promise.all(files.map(async (name) => (await readFile(own(name))).toString("base64")));
    };
    expect(await written(2)).toEqual(await written(1));
  });

  it("a process that its launcher does not connect is refused, instead of training alone", async () => {
    const start = spawn(process.execPath, [program, dirname(compiled("node.js")), "collectives"], {
      env: { ...process.env, SLURM_STEP_NUM_TASKS: "4", PMIX_NAMESPACE: "of another library" },
    });
    let text = "";
    start.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
    expect(await new Promise((resolve) => start.on("close", resolve))).not.toBe(0);
    expect(text).toMatch(/4 processes were started by srun .*, but for MPI this one is alone: its MPI library/);
  });
});

describe("distributed.mpi", () => {
  it("says what to do where the add-on was not built, or does not load", async () => {
    expect(() => loadAddOn(join(folder, "adjoint-mpi.node"))).toThrow(
      expect.objectContaining({
        code: "mpi_missing",
        message: expect.stringMatching(
          /^distributed\.mpi: the add-on for MPI is missing .* run npm run build:mpi .*\.$/,
        ),
      }),
    );
    const file = join(folder, "no-library.node");
    await writeFile(file, "no library");
    expect(() => loadAddOn(file)).toThrow(expect.objectContaining({ name: "DeviceError", code: "mpi_load_failed" }));
  });
});
