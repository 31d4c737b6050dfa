import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readImage, readSafetensors, writeImage } from "../../ts/io/index.js";
import { compatibleLosses } from "../../ts/loss/index.js";
import { PSNR } from "../../ts/metric/index.js";
import { Denoising, GammaNoise, Inpainting, PoissonNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { full } from "../../ts/tensor/index.js";
import { adjoint, compiled } from "./compiled.js";

const photographs = fileURLToPath(new URL("../../examples/images", import.meta.url));
let folder: string;
let noisy: string;
let clean: string;
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-cli-"));
  [noisy, clean] = [join(folder, "noisy.png"), join(folder, "clean.png")];
  const camera = (await readImage(join(photographs, "camera.png"))).slice([0, 0, 80, 80], [1, 1, 144, 144]);
  await writeImage(clean, camera);
  await writeImage(noisy, camera.add(new Rng(0).normal([1, 1, 64, 64]).mul(0.1)));
});
afterAll(async () => await rm(folder, { recursive: true }));

const config = {
  data: { train: photographs, eval: photographs, channels: "grey", size: 32, patch: 16, patchesPerEpoch: 8 },
  physics: { name: "Denoising", noise: { name: "GaussianNoise", sigma: 0.1 } },
  model: { name: "DnCNN", inChannels: 1, outChannels: 1, depth: 3, nf: 4 },
  losses: [{ name: "SureGaussianLoss", sigma: 0.1 }],
  epochs: 2,
  batchSize: 4,
};

async function writeConfig(name: string, change: object = {}): Promise<string> {
  const path = join(folder, `${name}.json`);
  await writeFile(path, JSON.stringify({ ...config, out: `out-${name}`, ...change }));
  return path;
}

describe("help and usage", () => {
  it.each([
    [[]],
    [["denoise"]],
    [["train"]],
    [["test"]],
    [["losses"]],
    [["devices"]],
    [["convert"]],
    [["inspect"]],
    [["start"]],
  ])("%s --help", async (command) => {
    const { code, stdout } = await adjoint([...command, "--help"]);
    expect(code).toBe(0);
    expect(stdout).toContain("Usage: adjoint");
    if (command.length > 0) for (const option of ["--json", "--seed", "--device"]) expect(stdout).toContain(option);
    else expect(stdout).not.toMatch(/^ +start/m);
  });

  it.each([
    ["an unknown command", ["denoize"], "denoise"],
    ["an unknown option", ["denoise", "a.png", "-o", "b.png", "--sigmas", "1"], "--sigma"],
    ["a missing argument", ["train"], "config.json"],
    ["a bad choice", ["losses", "--device", "gpu"], "cpu"],
    ["a bad seed", ["losses", "--seed", "x"], "whole number"],
    ["a bad noise", ["losses", "--noise", "gausian"], 'did you mean "gaussian"?'],
    ["a bad operator", ["losses", "--operator", "inpaint"], 'did you mean "inpainting"?'],
    ["a negative sigma", ["denoise", "a.png", "-o", "b.png", "--sigma=-1"], "above 0"],
    ["an output that is not a PNG", ["denoise", "a.png", "-o", "b.jpg"], ".png"],
  ])("exit code 2 for %s", async (_, args, hint) => {
    const { code, stderr } = await adjoint(args);
    expect(stderr).toContain(hint);
    expect(code).toBe(2);
  });

  it("marks what is required, and lists the words of a choice", async () => {
    expect((await adjoint(["denoise", "--help"])).stdout).toMatch(/--output <file> .*\(required\)/s);
    const { code, stdout, stderr } = await adjoint(["denoise", noisy, "-o", "b.png", "--loss", "surr", "--json"]);
    for (const word of ["auto", "sure", "r2r", "neighbor2neighbor"]) expect(stderr).toContain(word);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({
      error: { class: "UsageError", message: expect.stringContaining("surr") },
    });
  });

  it("exit code 1 for a missing file, with the error as JSON", async () => {
    const { code, stdout, stderr } = await adjoint([
      "denoise",
      join(folder, "none.png"),
      "-o",
      join(folder, "x.png"),
      "--json",
    ]);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ error: { class: "ArgumentError", code: "file_not_found" } });
    expect(stderr).toContain("none.png");
  });
});

describe("losses and devices", () => {
  it("lists the losses that fit", async () => {
    const { code, stdout } = await adjoint(["losses", "--noise", "poisson", "--json"]);
    expect(code).toBe(0);
    const listed = JSON.parse(stdout) as { name: string; evidence: { task: string; below: number }[] }[];
    const names = listed.map(({ name }) => name);
    expect(names).toContain("SurePoissonLoss");
    expect(names).not.toContain("SureGaussianLoss");
    const [poisson] = listed.find(({ name }) => name === "SurePoissonLoss")?.evidence ?? [];
    expect(poisson?.task).toBe("poisson");
    const text = (await adjoint(["losses", "--noise", "poisson"])).stdout;
    expect(text).toMatch(/^loss +ground truth +operator +noise\n/);
    expect(text.split("docs/evidence.md):\n")[1]).toMatch(
      new RegExp(`^SurePoissonLoss +.*poisson ${poisson?.below}(?:,|$)`, "m"),
    );
  });

  it("lists the losses of compatibleLosses for a noise and an operator", async () => {
    const listed = async (noise: string, operator: string) =>
      (
        JSON.parse((await adjoint(["losses", "--noise", noise, "--operator", operator, "--json"])).stdout) as {
          name: string;
        }[]
      ).map(({ name }) => name);
    const masked = new Inpainting({ imgSize: [1, 4, 4], mask: 0.5, noiseModel: new PoissonNoise({ gain: 0.1 }) });
    expect(await listed("poisson", "inpainting")).toEqual(compatibleLosses(masked));
    expect(await listed("gamma", "denoising")).toEqual(
      compatibleLosses(new Denoising({ noiseModel: new GammaNoise({ l: 5 }) })),
    );
    expect(await listed("rician", "stacked")).toContain("StackedPhysicsLoss");
  });

  it("lists the devices", async () => {
    const { code, stdout } = await adjoint(["devices", "--json"]);
    expect(code).toBe(0);
    const rows = JSON.parse(stdout) as { name: string; available: boolean; kind?: string; warning?: string }[];
    expect(rows).toContainEqual({ name: "cpu", available: true, detail: "ready" });
    const gpu = rows.find(({ name }) => name === "webgpu");
    // Whether there is one, and what it is, depends on the machine.
    expect(gpu?.kind !== undefined).toBe(gpu?.available);
    expect(gpu?.warning !== undefined).toBe(gpu?.kind === "software");
    const text = (await adjoint(["devices"])).stdout;
    if (gpu?.warning === undefined) expect(text).not.toContain("warning");
    else
      expect(text).toMatch(
        /webgpu +yes .*\(software; vulkan .*\)\n[\s\S]*\nwarning: webgpu is a renderer in software .* use cpu\.\n/,
      );
  });
});

describe("denoise", () => {
  it("denoises a small image by training on it alone; the result depends on the seed alone", async () => {
    const out = join(folder, "out.png");
    const args = ["denoise", noisy, "-o", out, "--sigma", "0.1", "--steps", "12", "--json"];
    const { code, stdout, stderr } = await adjoint(args);
    for (const part of ["learning", "restoring", "left"]) expect(stderr).toContain(part);
    expect(stderr).toMatch(/denoising 100 %  restoring, 0s left/);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      output: out,
      width: 64,
      height: 64,
      channels: 1,
      level: 0.1,
      loss: "R2RLoss",
    });
    const [x, y, xNet] = [await readImage(clean), await readImage(noisy), await readImage(out)];
    const [before, after] = [
      (await new PSNR().forward(y, x).data())[0]!,
      (await new PSNR().forward(xNet, x).data())[0]!,
    ];
    expect(after).toBeGreaterThan(before + 2);
    const first = await readFile(out);
    await adjoint(args);
    expect(await readFile(out)).toEqual(first);
    await adjoint([...args, "--seed", "1"]);
    expect(await readFile(out)).not.toEqual(first);
  });

  it.each([
    ["sure", "gaussian", "SureGaussianLoss"],
    ["sure", "poisson", "SurePoissonLoss"],
    ["neighbor2neighbor", "gaussian", "Neighbor2Neighbor"],
    ["auto", "poisson", "R2RLoss"],
    ["auto", "gamma", "R2RLoss"],
  ])("loss %s with %s noise is %s, level estimated", async (loss, noise, name) => {
    const { code, stdout, stderr } = await adjoint([
      "denoise",
      noisy,
      "-o",
      join(folder, "o.png"),
      "--loss",
      loss,
      "--noise",
      noise,
      "--steps",
      "4",
      "--json",
    ]);
    expect(stderr).not.toContain("error");
    expect(code).toBe(0);
    const { level, ...summary } = JSON.parse(stdout) as { level: number };
    expect(summary).toMatchObject({ estimated: true, noise, loss: name, steps: 4 });
    if (noise === "gaussian") expect(level).toBeCloseTo(0.1, 1);
  });

  it("denoises a dark image whose file has clipped the noise", async () => {
    const [dark, out, truth] = ["dark.png", "dark-clean.png", "dark-truth.png"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const coat = (await readImage(join(photographs, "camera.png"))).slice([0, 0, 110, 40], [1, 1, 190, 120]);
    await writeImage(truth, coat);
    await writeImage(dark, coat.add(new Rng(1).normal([1, 1, 80, 80]).mul(0.1)));
    const x = await readImage(truth);
    const before = (await new PSNR().forward(await readImage(dark), x).data())[0]!;
    for (const level of [["--sigma", "0.1"], []]) {
      const { code, stderr } = await adjoint(["denoise", dark, "-o", out, ...level, "--steps", "40"]);
      expect([code, stderr]).toEqual([0, expect.not.stringContaining("error")]);
      expect((await new PSNR().forward(await readImage(out), x).data())[0]!).toBeGreaterThan(before + 5);
    }
  });

  it.each(["sure", "r2r", "neighbor2neighbor"])("%s does not overfit a small image", async (loss) => {
    const out = join(folder, "small.png");
    const { code } = await adjoint(["denoise", noisy, "-o", out, "--sigma", "0.1", "--loss", loss]);
    expect(code).toBe(0);
    const x = await readImage(clean);
    const [before, after] = [
      (await new PSNR().forward(await readImage(noisy), x).data())[0]!,
      (await new PSNR().forward(await readImage(out), x).data())[0]!,
    ];
    expect(after).toBeGreaterThan(before + 4);
  });

  it("Ctrl-C writes a checkpoint; --resume ends with the result of an uninterrupted run", async () => {
    const out = (name: string) => join(folder, `${name}.png`);
    const args = (name: string) => ["denoise", noisy, "-o", out(name), "--sigma", "0.1", "--steps", "12"];
    let sent = false;
    const stopped = await adjoint(args("stopped"), (text, kill) => {
      if (sent || !text.includes("denoising")) return;
      sent = true;
      kill("SIGINT");
    });
    expect(stopped.code).toBe(130);
    expect(existsSync(out("stopped"))).toBe(false);
    const checkpoint = /--resume (\S+)/.exec(stopped.stderr)![1]!;
    expect((await adjoint([...args("stopped"), "--resume", checkpoint])).code).toBe(0);
    expect((await adjoint(args("whole"))).code).toBe(0);
    expect(await readFile(out("stopped"))).toEqual(await readFile(out("whole")));
  });

  it("questions a level of the scale 0 to 255, unless the image is said to have it", async () => {
    const args = ["denoise", noisy, "-o", join(folder, "o.png"), "--sigma", "25", "--steps", "1"];
    const { code, stderr } = await adjoint(args);
    expect([code, stderr]).toEqual([2, expect.stringContaining("25/255 = 0.098")]);
    expect(stderr).toContain("--max-pixel");
    // The level is believed then, and the data contradict what comes of it.
    expect(await adjoint([...args, "--max-pixel", "255"])).toMatchObject({ code: 3 });
    expect((await adjoint([...args, "--noise", "poisson"])).code).toBe(2);
    // A number of looks is no level in the units of the image.
    expect(await adjoint([...args, "--noise", "gamma"])).toMatchObject({ code: 0 });
  });

  it("says what it looked at where it finds no noise", async () => {
    const flat = join(folder, "flat.png");
    await writeImage(flat, full([1, 1, 16, 24], 0.5));
    const { code, stderr } = await adjoint(["denoise", flat, "-o", join(folder, "o.png")]);
    expect(code).toBe(2);
    for (const part of ["no noise was found", "8x8", "24x16 pixels", "one value, 0.5", "--sigma"])
      expect(stderr).toContain(part);
  });

  it("refuses a loss that does not fit and a file that is not an image", async () => {
    const misfit = await adjoint(["denoise", noisy, "-o", join(folder, "o.png"), "--loss", "sure", "--noise", "gamma"]);
    expect([misfit.code, misfit.stderr]).toEqual([2, expect.stringContaining("r2r")]);
    const fake = join(folder, "fake.png");
    await writeFile(fake, "text");
    const wrong = await adjoint(["denoise", fake, "-o", join(folder, "o.png")]);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("not an image")]);
  });
});

describe("train and test", () => {
  it("trains, writes the results, and evaluates them", async () => {
    const path = await writeConfig("good");
    const trained = await adjoint(["train", path, "--json"]);
    expect(trained.stderr).toContain("training 4/4");
    expect(trained.code).toBe(0);
    expect(JSON.parse(trained.stdout)).toMatchObject({ steps: 4, evalMetrics: { PSNR: expect.any(Number) } });
    for (const name of ["checkpoint.safetensors", "model.safetensors", "history.jsonl", "loss.svg", "report.html"])
      expect(existsSync(join(folder, "out-good", name))).toBe(true);
    expect(Object.keys(await readSafetensors(join(folder, "out-good", "model.safetensors")))).toContain(
      "in_conv.weight",
    );
    const report = await readFile(join(folder, "out-good", "report.html"), "utf8");
    for (const part of ["Mean and standard deviation over the test images", "<td>reconstruction</td>", "<td>y, "])
      expect(report).toContain(part);
    const tested = await adjoint(["test", path, "--json"]);
    expect(tested.code).toBe(0);
    expect(JSON.parse(tested.stdout)).toMatchObject({
      images: readdirSync(photographs).filter((name) => name.endsWith(".png")).length,
      metrics: { PSNR: { mean: expect.any(Number) } },
    });
  });

  it("trains into --out, and evaluates --weights", async () => {
    const path = await writeConfig("elsewhere");
    const results: unknown[] = [];
    for (const seed of ["1", "2"]) {
      const out = join(folder, `elsewhere-${seed}`);
      expect(await adjoint(["train", path, "--out", out, "--seed", seed])).toMatchObject({ code: 0 });
      const weights = join(out, "model.safetensors");
      const { stdout } = await adjoint(["test", path, "--weights", weights, "--json"]);
      expect(JSON.parse(stdout)).toMatchObject({ weights });
      results.push((JSON.parse(stdout) as { metrics: unknown }).metrics);
    }
    expect(results[0]).not.toEqual(results[1]);
    expect(existsSync(join(folder, "out-elsewhere"))).toBe(false);
  });

  it.each([
    ["an unknown key", { epoch: 2 }, "epochs"],
    [
      "ground truth that measurements do not have",
      { data: { ...config.data, holds: "measurements" }, losses: [{ name: "SupLoss" }] },
      "SupLoss",
    ],
    ["an unknown key inside", { data: { ...config.data, chanels: "grey" } }, "channels"],
    ["an unknown class", { losses: [{ name: "SureGausianLoss" }] }, "SureGaussianLoss"],
    ["an unknown class option", { model: { ...config.model, dept: 3 } }, "depth"],
    ["a missing part", { physics: undefined }, "physics is missing"],
    ["a negative sigma", { physics: { name: "Denoising", noise: { name: "GaussianNoise", sigma: -1 } } }, "sigma"],
    [
      "a wrong pairing",
      { physics: { name: "Denoising", noise: { name: "PoissonNoise", gain: 0.1 } } },
      "SurePoissonLoss",
    ],
  ])("exit code 2 for %s, with advice", async (_, change, hint) => {
    const { code, stderr } = await adjoint(["train", await writeConfig("bad", change)]);
    expect(stderr).toContain(hint);
    expect(code).toBe(2);
  });

  it("exit code 1 for a configuration that is missing or not JSON", async () => {
    expect((await adjoint(["train", join(folder, "none.json")])).code).toBe(1);
    await writeFile(join(folder, "broken.json"), "{");
    const { code, stderr } = await adjoint(["train", join(folder, "broken.json")]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("not JSON")]);
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s writes a checkpoint too, and exits with %i", async (signal, expected) => {
    const name = `long-${signal}`;
    let sent = false;
    const { code, stderr } = await adjoint(["train", await writeConfig(name, { epochs: 100_000 })], (text, kill) => {
      if (sent || !text.includes("training")) return;
      sent = true;
      kill(signal);
    });
    expect([code, stderr]).toEqual([expected, expect.stringContaining("--resume")]);
    expect(existsSync(join(folder, `out-${name}`, "checkpoint.safetensors"))).toBe(true);
  });

  it("goes on where nobody reads its output to the end", async () => {
    const path = await writeConfig("piped", { epochs: 20 });
    const { code } = await new Promise<{ code: number | null }>((resolve) => {
      const child = spawn(process.execPath, [compiled("cli/main.js"), "train", path], {
        stdio: ["ignore", "pipe", "pipe"],
      });
      child.stdout.destroy();
      child.stderr.once("data", () => child.stderr.destroy());
      child.on("exit", (ended) => resolve({ code: ended }));
    });
    expect(code).toBe(0);
    expect(existsSync(join(folder, "out-piped", "model.safetensors"))).toBe(true);
  });

  it("Ctrl-C writes a checkpoint and exits with 130; --resume continues from it", async () => {
    const path = await writeConfig("long", { epochs: 100_000, maxSteps: 2000 });
    let sent = false;
    const { code, stderr } = await adjoint(["train", path], (text, kill) => {
      if (sent || !text.includes("training")) return;
      sent = true;
      kill("SIGINT");
    });
    expect(stderr).toContain("--resume");
    expect(code).toBe(130);
    const step = Number(/at step (\d+)/.exec(stderr)?.[1]);
    const shorter = await writeConfig("long", { epochs: 100_000, maxSteps: step + 3 });
    const resumed = await adjoint([
      "train",
      shorter,
      "--resume",
      join(folder, "out-long", "checkpoint.safetensors"),
      "--json",
    ]);
    expect(resumed.code).toBe(0);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ steps: step + 3 });
  });
});

it("start: the demonstration writes its table and results", async () => {
  const out = join(folder, "demo");
  const { code, stdout } = await adjoint(["start", "--steps", "2", "--out", out]);
  expect(code).toBe(0);
  for (const row of ["noisy", "trained without ground truth", "trained with ground truth"])
    expect(stdout).toContain(row);
  for (const name of [
    "before-after-camera.png",
    "before-after-chelsea.png",
    "loss.svg",
    "model.safetensors",
    "history.jsonl",
    "report.html",
  ]) {
    expect(existsSync(join(out, name))).toBe(true);
  }
});
