import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compiled, node } from "../cli/compiled.js";
import { runExample } from "./run.js";

const photographs = ["camera", "chelsea"];
const folder = fileURLToPath(new URL("../../examples/", import.meta.url));

describe("examples", () => {
  it("splitting-mri", async () => {
    const { psnr } = await runExample(
      "splitting-mri",
      12,
      ["zero-filled", "splitting", "supervised"],
      ["MR slice", "phantom 1", "phantom 2", "phantom 3", "phantom 4"],
    );
    expect(psnr("supervised")).toBeGreaterThan(psnr("zero-filled"));
  });

  it("poisson-counts", async () => {
    const { psnr } = await runExample(
      "poisson-counts",
      20,
      ["counted", "SURE", "exact SURE", "R2R", "supervised"],
      photographs,
    );
    for (const label of ["SURE", "exact SURE", "R2R", "supervised"])
      expect(psnr(label)).toBeGreaterThan(psnr("counted") + 1);
  });

  it("unknown-noise", async () => {
    const { results, stdout, psnr } = await runExample(
      "unknown-noise",
      20,
      ["noisy", "SURE, told 0.05", "UNSURE, from 0.05", "SURE, told 0.2"],
      photographs,
    );
    expect(psnr("UNSURE, from 0.05")).toBeGreaterThan(psnr("SURE, told 0.05"));
    // Between the initial value and the level.
    expect(results["found"]).toBeGreaterThan(0.06);
    expect(results["found"]).toBeLessThan(0.25);
    expect(stdout).toContain(`found ${(results["found"] as number).toFixed(4)}`);
  });

  it("gan-deblur", async () => {
    const { results, psnr } = await runExample(
      "gan-deblur",
      15,
      ["blurred", "squared error", "with discriminator"],
      photographs,
    );
    expect(psnr("squared error")).toBeGreaterThan(psnr("blurred"));
    expect(Object.keys(results.metrics)).toEqual(["PSNR", "Sharpness"]);
  });

  it("unsupervised-gan", async () => {
    const { psnr } = await runExample("unsupervised-gan", 20, ["measured", "adversarial", "supervised"], photographs);
    expect(psnr("supervised")).toBeGreaterThan(psnr("measured") + 1);
  });

  it("lipschitz-denoiser", async () => {
    const { results, stdout } = await runExample(
      "lipschitz-denoiser",
      6,
      ["noisy", "no condition", "firmly non-expansive"],
      photographs,
    );
    const norms = results["norms"] as Record<string, number[]>;
    for (let i = 0; i < photographs.length; i++) {
      const [held, free] = ["firmly non-expansive", "no condition"].map((label) => norms[label]?.[i] ?? Number.NaN) as [
        number,
        number,
      ];
      expect(held).toBeGreaterThan(0.1);
      expect(held).toBeLessThan(free);
    }
    expect(stdout).toContain("Spectral norm of 2f - Id at the noisy camera and chelsea, firmly non-expansive:");
  });

  it("equivariant-inpainting", async () => {
    const { results, stdout, psnr } = await runExample(
      "equivariant-inpainting",
      40,
      ["measured", "consistency only", "equivariant", "supervised"],
      photographs,
    );
    // Only equivariance learns what the mask hides.
    expect(psnr("consistency only")).toBeLessThan(psnr("measured") + 0.5);
    expect(psnr("equivariant")).toBeGreaterThan(psnr("consistency only") + 1);
    expect(stdout).toContain(`Equivariance closes ${(results["closed"] as number).toFixed(0)} % of the gap`);
  });

  it("scheduled", async () => {
    const { results, psnr } = await runExample(
      "scheduled",
      60,
      ["measured", "consistency only", "scheduled"],
      photographs,
    );
    expect(results["epochs"]).toEqual({ MCLoss: [1, 2], SureGaussianLoss: [3, 10], EILoss: [3, 10] });
    expect(psnr("scheduled")).toBeGreaterThan(psnr("consistency only"));
  });

  it("fine-tuning", { timeout: 120_000 }, async () => {
    const methods = ["SURE", "R2R", "splitting", "zero-shot SURE"];
    const labels = methods.flatMap((name) => [`${name}, fine-tuned`, `${name}, from nothing`]);
    const { results, stdout, psnr } = await runExample(
      "fine-tuning",
      3,
      ["noisy", "as it came", ...labels],
      photographs,
    );
    for (const name of methods) {
      expect(psnr(`${name}, fine-tuned`)).toBeGreaterThan(psnr(`${name}, from nothing`) + 1);
      const gains = results["gains"] as Readonly<Record<string, number>>;
      expect(stdout).toContain(`${name}: fine-tuning is ${gains[name]?.toFixed(2)} dB above training from nothing`);
    }
    expect(psnr("as it came")).toBeGreaterThan(psnr("noisy") + 5);
  });

  it("sparse-view-ct", async () => {
    const { psnr } = await runExample(
      "sparse-view-ct",
      15,
      ["back-projection", "equivariant", "supervised"],
      ["CT slice", "phantom 1", "phantom 2", "phantom 3"],
    );
    expect(psnr("supervised")).toBeGreaterThan(psnr("back-projection"));
  });

  it("are all listed in their README, which names the command", () => {
    const readme = readFileSync(`${folder}README.md`, "utf8");
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (!entry.isDirectory() || !readdirSync(folder + entry.name).includes("main.mjs")) continue;
      expect(readme).toMatch(new RegExp(`^\\| \`${entry.name}\` +\\|`, "m"));
      expect(readFileSync(`${folder}${entry.name}/main.mjs`, "utf8")).toContain(`npm run example -- ${entry.name}`);
    }
  });

  it.each([
    ["--steps", "many"],
    ["--seed", "-1"],
    ["--stepz", "3"],
    ["--sigma", "0"],
    ["--out", ""],
    // A file in the place of a folder, before minutes of training.
    ["--out", fileURLToPath(import.meta.url)],
  ])("refuse %s %s with exit code 2", async (option, value) => {
    compiled("index.js");
    const ended = await node([`${folder}unknown-noise/main.mjs`, option, value]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain(option);
    expect(ended.stderr).toContain("npm run example -- unknown-noise");
  });

  it("print one JSON object with --json, and how they are used with --help", async () => {
    compiled("index.js");
    const help = await node([`${folder}poisson-counts/main.mjs`, "--help"]);
    expect(help.code).toBe(0);
    expect(help.stdout).toContain("--steps N");
    const out = mkdtempSync(join(tmpdir(), "adjoint-json-"));
    const { code, stdout } = await node([
      `${folder}poisson-counts/main.mjs`,
      "--json",
      "--steps",
      "1",
      "--seed",
      "3",
      "--out",
      out,
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ example: "poisson-counts", steps: 1, seed: 3, folder: out });
  });
});
