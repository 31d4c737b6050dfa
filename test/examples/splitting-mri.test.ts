import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { compiled, node } from "../cli/compiled.js";

const out = mkdtempSync(join(tmpdir(), "splitting-mri-"));
afterAll(() => rmSync(out, { recursive: true, force: true }));

it("examples/splitting-mri trains both networks, prints what they achieve and writes a picture", async () => {
  compiled("index.js");
  const main = fileURLToPath(new URL("../../examples/splitting-mri/main.mjs", import.meta.url));
  const ended = await node([main, "--steps", "20", "--out", out]);
  expect(ended.stderr).toBe("");
  expect(ended.code).toBe(0);
  for (const word of ["zero-filled", "splitting", "supervised", "MR slice", "phantom 4"]) expect(ended.stdout).toContain(word);
  const { psnr } = JSON.parse(readFileSync(join(out, "results.json"), "utf8")) as { psnr: Record<string, number[]> };
  const mean = (name: string) => (psnr[name] as number[]).reduce((a, b) => a + b, 0) / 5;
  expect(psnr.splitting).toHaveLength(5);
  // Twenty steps are enough to see that training with ground truth goes in the right direction.
  expect(mean("supervised")).toBeGreaterThan(mean("zero-filled"));
  expect(existsSync(join(out, "before-after.png"))).toBe(true);
});

it("examples/splitting-mri refuses a number of steps that is none", async () => {
  compiled("index.js");
  const main = fileURLToPath(new URL("../../examples/splitting-mri/main.mjs", import.meta.url));
  const ended = await node([main, "--steps", "many", "--out", out]);
  expect(ended.code).toBe(2);
  expect(ended.stderr).toContain("--steps");
});
