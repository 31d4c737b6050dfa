import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeImage } from "../../ts/io/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { loadState } from "../../ts/train/index.js";
import { compiled } from "../cli/compiled.js";
import { start } from "./child.js";

const photographs = fileURLToPath(new URL("../../examples/images", import.meta.url));
const main = compiled("cli/main.js");
let folder: string;
let noisy: string;
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-signals-"));
  noisy = join(folder, "noisy.npy");
  await writeImage(noisy, new Rng(0).uniform([1, 1, 32, 32]));
});
afterAll(async () => await rm(folder, { recursive: true }));

/** A configuration whose results are in a folder of its name. */
async function configuration(name: string, change: object = {}): Promise<{ path: string; out: string }> {
  const [path, out] = [join(folder, `${name}.json`), join(folder, name)];
  const config = {
    data: { train: photographs, channels: "grey", size: 32, patch: 16, patchesPerEpoch: 8 },
    physics: { name: "Denoising", noise: { name: "GaussianNoise", sigma: 0.1 } },
    model: { name: "DnCNN", inChannels: 1, outChannels: 1, depth: 3, nf: 4 },
    losses: [{ name: "R2RLoss" }],
    batchSize: 4,
    readEvery: 1,
    epochs: 1e6,
    out,
    ...change,
  };
  await writeFile(path, JSON.stringify(config));
  return { path, out };
}

/** A second process for the same files is refused, with the first one's number and the lock. */
async function expectRefused(args: readonly string[], pid: number, lock: string): Promise<void> {
  const { code, stdout, stderr } = await start([main, ...args, "--json"]).ended;
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ error: { class: "ArgumentError", code: "file_locked" } });
  expect(stderr).toContain(`in use by process ${pid} on `);
  expect(stderr).toContain(`remove ${lock}.`);
}

/** What a signal would leave behind. */
const leftovers = (at: string): string[] => readdirSync(at).filter((name) => /\.(?:tmp|lock)$/.test(name));

describe.each([
  ["SIGTERM", 143],
  ["SIGHUP", 129],
  ["SIGINT", 130],
] as const)("%s", (signal, code) => {
  it("ends adjoint train with a checkpoint from which it goes on", async () => {
    const { path, out } = await configuration(`train-${signal}`);
    const run = start([main, "train", path, "--json"]);
    await run.said(/training \d/);
    if (signal === "SIGTERM") await expectRefused(["train", path], run.pid, join(out, ".adjoint.lock"));
    run.kill(signal);
    const ended = await run.ended;
    expect(ended).toMatchObject({ code, signal: null });
    const checkpoint = join(out, "checkpoint.safetensors");
    expect(ended.stderr).toContain(`continue with --resume ${checkpoint}`);
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: "interrupted" } });
    const { step } = (await loadState(checkpoint)) as { step: number };
    expect(ended.stderr).toContain(`interrupted at step ${step};`);
    expect(leftovers(out)).toEqual([]);
  });

  it("ends adjoint denoise with a checkpoint", async () => {
    const output = join(folder, `${signal}.npy`);
    const run = start([main, "denoise", noisy, "-o", output, "--sigma", "0.1", "--steps", "100000"]);
    await run.said(/denoising \d/);
    const lock = join(folder, `.${signal}.npy.lock`);
    if (signal === "SIGTERM") await expectRefused(["denoise", noisy, "-o", output], run.pid, lock);
    run.kill(signal);
    const ended = await run.ended;
    expect(ended).toMatchObject({ code, signal: null });
    expect(existsSync(/--resume (\S+)/.exec(ended.stderr)?.[1] ?? "")).toBe(true);
    expect([existsSync(output), leftovers(folder)]).toEqual([false, []]);
  });
});

it("a second signal ends at once, and leaves no temporary file and no lock", async () => {
  // A network whose checkpoint takes long to write: the second signal comes meanwhile.
  const model = { name: "DnCNN", inChannels: 1, outChannels: 1, depth: 20, nf: 256 };
  const data = { train: photographs, channels: "grey", size: 16, patch: 8 };
  const { path, out } = await configuration("second", { model, data });
  const run = start([main, "train", path]);
  await run.said(/training \d/);
  run.kill("SIGTERM");
  const deadline = Date.now() + 60_000;
  while (!readdirSync(out).some((name) => name.endsWith(".tmp")) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 1));
  run.kill("SIGTERM");
  const ended = await run.ended;
  expect(ended.code).toBe(143);
  expect(leftovers(out)).toEqual([]);
});

describe("the reader of the output may end", () => {
  /** Runs a small training to its end with a stream that cannot be written. */
  async function withoutReader(name: string, shell: string): Promise<number | null> {
    const { path, out } = await configuration(name, { epochs: 5 });
    const child = spawn("sh", ["-c", shell, process.execPath, main, path], { stdio: "ignore" });
    const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
    expect(existsSync(join(out, "model.safetensors"))).toBe(true);
    expect((await readFile(join(out, "history.jsonl"), "utf8")).trim().split("\n")).toHaveLength(10);
    expect(leftovers(out)).toEqual([]);
    return code;
  }

  it.each([
    ["standard error is a closed pipe", '{ "$0" "$1" train "$2" 2>&1 >/dev/null; echo $? >&3; } 3>&1 | true', 0],
    ["both are a pipe that closes after a line", '{ "$0" "$1" train "$2" 2>&1; } | head -1', 0],
    ["both are closed", 'exec "$0" "$1" train "$2" >&- 2>&-', 0],
    ["standard error is a full disk", 'exec "$0" "$1" train "$2" 2>/dev/full', 0],
    ["standard output is a full disk: the result could not be written", 'exec "$0" "$1" train "$2" >/dev/full', 1],
  ])("%s", async (name, shell, code) => {
    expect(await withoutReader(name.replaceAll(/\W+/g, "-"), shell)).toBe(code);
  });
});

it("a program of one's own goes on without the reader of its progress, too", async () => {
  const file = openSync("/dev/full", "w");
  const text = `
    const lib = await import(${JSON.stringify(compiled("train/index.js"))});
    const display = await lib.progressDisplay({ stream: process.stderr });
    for (let step = 1; step <= 10; step++) {
      const rest = { epoch: 0, losses: {}, metrics: {}, imagesPerSecond: 1, secondsLeft: 1 };
      display.update({ step, steps: 10, loss: 1, ...rest });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    console.log("ended");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", text], { stdio: ["ignore", "pipe", file] });
  let stdout = "";
  child.stdout?.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  const code = await new Promise((resolve) => child.on("close", resolve));
  closeSync(file);
  expect([code, stdout]).toEqual([0, "ended\n"]);
});
