import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiled, node } from "../cli/compiled.js";
import { compileIn, programs } from "./run-programs.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const codes = await programs("custom.md");
/** What each program must print. */
const printed = [
  [/^loss of the truth: (?:0\.9|1\.0)\d+$/m, /^refused: WhitenedLoss: .*SurePoissonLoss/m],
  [/^sharpness: 0\.5$/m, /^as a loss: -0\.5$/m],
  [/^epoch 0: SupLoss$/m, /^epoch 1: SupLoss, TVLoss$/m],
  [
    /^adjoint is right: true$/m,
    /^strength: 0\.2$/m,
    /^for one step: 0\.9 0\.2$/m,
    /^inverse: true$/m,
    /^a loss takes it: \[ 2 \]$/m,
  ],
  [/^operator is right: true$/m, /^adjoint is right: true$/m, /^inverse: true$/m],
  [/^restored: \[ 4, 1, 8, 8 \] 0$/m, /^a loss takes it: \[ 2 \]$/m],
];

let folder: string;

beforeAll(async () => {
  compiled("index.js");
  folder = await mkdtemp(join(tmpdir(), "adjoint-custom-"));
  await mkdir(join(folder, "node_modules"));
  await symlink(root, join(folder, "node_modules", "adjoint"), "junction");
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

describe("docs/custom.md", () => {
  it("has programs for a loss, a metric, a scheduler, two physics and a transform, each class below 30 lines", () => {
    expect(codes).toHaveLength(printed.length);
    for (const code of codes) {
      const [text = ""] = /^class [\s\S]*?^}/m.exec(code) ?? [];
      expect(text).toMatch(/ extends (?:loss|metric|physics|transform)\./);
      expect(text.split("\n").length).toBeLessThan(30);
    }
  });

  it("has programs that type-check and print what the page says", async () => {
    // Without the types of the DOM, which a program of Node may not have.
    const files = await compileIn(folder, "program", codes, "es2022,esnext.disposable");
    for (const [i, patterns] of printed.entries()) {
      const ended = await node([files[i] as string]);
      expect(ended.stderr).toBe("");
      expect(ended.code).toBe(0);
      for (const pattern of patterns) expect(ended.stdout).toMatch(pattern);
    }
  });
});
