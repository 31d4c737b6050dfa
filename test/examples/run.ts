import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { expect } from "vitest";
import { compiled, node } from "../cli/compiled.js";

/** The content of an example's results.json; `metrics[metric][label][image]`. */
export interface Results {
  readonly example: string;
  readonly steps: number;
  readonly names: readonly string[];
  readonly metrics: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  readonly [fact: string]: unknown;
}

/** Runs an example with few steps and checks what all examples have in common. */
export async function runExample(
  name: string,
  steps: number,
  labels: readonly string[],
  images: readonly string[],
): Promise<{ results: Results; stdout: string; psnr: (label: string) => number }> {
  compiled("index.js");
  const out = mkdtempSync(join(tmpdir(), `adjoint-${name}-`));
  const main = fileURLToPath(new URL(`../../examples/${name}/main.mjs`, import.meta.url));
  const ended = await node([main, "--steps", String(steps), "--out", out]);
  expect(ended.code, ended.stderr).toBe(0);
  expect(ended.stderr).toMatch(new RegExp(`/${steps}  loss `));

  const results = JSON.parse(readFileSync(join(out, "results.json"), "utf8")) as Results;
  expect(results).toMatchObject({ example: name, steps, seed: 0, names: images });
  for (const [metric, rows] of Object.entries(results.metrics)) {
    expect(Object.keys(rows)).toEqual(labels);
    for (const [label, values] of Object.entries(rows)) {
      expect(values).toHaveLength(images.length);
      for (const value of values) expect(Number.isFinite(value), `${metric} of ${label}: ${value}`).toBe(true);
      // The table agrees with the file.
      const shown = [...values, mean(values)].map((value) => value.toFixed(metric === "PSNR" ? 2 : 3));
      expect(ended.stdout).toMatch(new RegExp(`^${escaped(label)} +${shown.map(escaped).join(" +")}$`, "m"));
    }
  }
  const rows = Math.min(3, images.length);
  const { data, info } = await sharp(join(out, "before-after.png")).raw().toBuffer({ resolveWithObject: true });
  // The square reconstructions and the ground truth side by side, with gaps of 4 pixels.
  expect((info.width - 4 * labels.length) / (labels.length + 1)).toBe((info.height - 4 * (rows - 1)) / rows);
  expect(new Set(data).size).toBeGreaterThan(50);
  const report = readFileSync(join(out, "report.html"), "utf8");
  expect(report.match(/data:image\/png;base64,/g)).toHaveLength(rows * (labels.length + 1));
  for (const label of labels) expect(report).toContain(label);
  expect(report).toContain("Loss during training");

  return { results, stdout: ended.stdout, psnr: (label) => mean(results.metrics["PSNR"]?.[label] ?? []) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
