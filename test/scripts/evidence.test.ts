import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { nn, Tensor } from "../../ts/node.js";

const folder = fileURLToPath(new URL("../../scripts/evidence/", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "adjoint-evidence-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Row {
  readonly task: string;
  readonly loss: string;
  readonly seeds: number;
  readonly steps: number;
  readonly adjoint: number;
  readonly deepinv?: number;
  readonly supervised: number;
  readonly untrained: number;
  readonly measuresAdjoint?: Readonly<Record<string, number>>;
  readonly gap?: number;
  readonly closed?: number;
  readonly reached?: boolean;
  readonly spreadOfDifference?: number;
  readonly secondsAdjoint: number;
  readonly secondsDeepinv?: number;
}

function run(...options: string[]): { status: number | null; stdout: string; trained: string[] } {
  const words = [join(folder, "papers.mjs"), "--quick", "--no-deepinv", "--work", work, ...options];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
  return { status, stdout, trained: stderr.split("\n").filter((line) => line !== "") };
}

describe("npm run evidence", () => {
  it("trains each loss of a task and writes its rows; what was trained is not trained again", () => {
    const first = run("--tasks", "inpainting");
    expect([first.status, first.trained.length], first.trained.join("\n")).toEqual([0, 3]);
    const { rows } = JSON.parse(readFileSync(join(work, "evidence.json"), "utf8")) as { rows: Row[] };
    expect(rows.map(({ task, loss }) => `${task}: ${loss}`)).toEqual([
      "inpainting: supervised",
      "inpainting: consistency only",
      "inpainting: EI, shifts",
    ]);
    for (const { adjoint, supervised, secondsAdjoint } of rows) {
      expect(adjoint).toBeGreaterThan(0);
      expect(supervised).toBe(rows[0]?.adjoint);
      expect(secondsAdjoint).toBeGreaterThan(0);
    }
    const written = readFileSync(join(work, "evidence.md"), "utf8");
    const again = run("--tasks", "inpainting");
    expect([again.status, again.trained]).toEqual([0, []]);
    expect(again.stdout).toBe(written);
    expect(run("--tasks", "inpainting", "--steps", "1").trained).toHaveLength(3);
  });

  it("trains a discriminator beside the network, and judges the trained network by the measures of its task", () => {
    const trained = run("--tasks", "deblurring,lipschitz").trained.join("\n");
    expect(trained).toContain("deblurring, consistency and adversarial");
    const { rows } = JSON.parse(readFileSync(join(work, "evidence.json"), "utf8")) as { rows: Row[] };
    const of = (task: string, loss: string) => rows.find((row) => row.task === task && row.loss === loss) as Row;
    // The discriminator changes what the network learns, also in two steps.
    const plain = of("deblurring", "supervised");
    expect(of("deblurring", "supervised and adversarial").adjoint).not.toBe(plain.adjoint);
    expect(plain.measuresAdjoint?.["sharpness"]).toBeLessThan(1);
    const norm = (loss: string) => of("lipschitz", loss).measuresAdjoint?.["norm of the Jacobian of 2f - Id"] as number;
    expect(norm("supervised, norm of 2f - Id held")).toBeGreaterThan(0.9);
    expect(norm("supervised, norm of 2f - Id held")).toBeLessThan(norm("supervised"));
  });

  it("leads the discriminator by what the network makes of a batch", async () => {
    const { Adversary } = (await import(join(folder, "papers", "adversary.mjs"))) as {
      Adversary: new (...of: unknown[]) => { args: { D: nn.Layer }; step(args: unknown): void };
    };
    const { discriminatorOf } = (await import(join(folder, "papers", "objects.mjs"))) as {
      discriminatorOf(task: unknown, rng: unknown): nn.Layer & { stateDict(): Record<string, Tensor> };
    };
    // The built library, as in the programs.
    const library: string = "adjoint";
    const { init, ones, Rng, zeros } = (await import(library)) as typeof import("../../ts/node.js");
    await init();
    const task = { discriminator: { name: "PatchGANDiscriminator", inputNc: 1, ndf: 2, nLayers: 1, batchNorm: false } };
    const weights = discriminatorOf(task, new Rng(0)).stateDict();
    const adversary = new Adversary(task, { name: "SupAdversarialDiscriminatorLoss" }, weights);
    const [x, xNet] = [ones([1, 1, 8, 8]), zeros([1, 1, 8, 8])];
    const { D } = adversary.args;
    const real = async () => await D.forward(x).mean().sub(D.forward(xNet).mean()).item();
    const before = await real();
    for (let i = 0; i < 50; i++) adversary.step({ x, xNet, y: x, D });
    expect(await real()).toBeGreaterThan(before + 0.3);
  });

  it("trains the tasks with a paper's setting, some of them for longer, which the page says", () => {
    const { status, stdout, trained } = run("--tasks", "ct-paper,mri-paper");
    expect([status, trained.length], trained.join("\n")).toEqual([0, 5]);
    const { rows } = JSON.parse(readFileSync(join(work, "evidence.json"), "utf8")) as { rows: Row[] };
    expect(rows.map(({ task, loss, steps }) => `${task}: ${loss}, ${steps} steps`)).toEqual([
      "ct-paper: supervised, 2 steps",
      "ct-paper: EI, rotations and reflections, 2 steps",
      "mri-paper: supervised, 4 steps",
      "mri-paper: splitting, points, 4 steps",
      "mri-paper: splitting, columns, 4 steps",
    ]);
    expect(stdout.match(/Steps: \d+/g)).toEqual(["Steps: 4"]);
  });

  it("solves total variation, better than filtered back-projection, without a training", () => {
    expect(run("--tasks", "ct").status).toBe(0);
    const { rows } = JSON.parse(readFileSync(join(work, "evidence.json"), "utf8")) as { rows: Row[] };
    expect(rows[0]?.loss).toMatch(/^total variation/);
    expect(rows[0]?.adjoint).toBeGreaterThan((rows[0]?.untrained ?? 0) + 5);
    expect(rows[0]?.gap).toBeUndefined();
  });

  it("names the tasks where one is unknown", () => {
    const { status, trained } = run("--tasks", "ultrasound");
    expect([status, trained]).toEqual([
      1,
      [
        "error: there is no task ultrasound; there are gaussian, gaussian-correlated, poisson, poisson-gaussian, " +
          "gamma, inpainting, operators, ct, ct-noise, mri, mri-fixed, mri-frames, ct-paper, mri-paper, lipschitz, " +
          "deblurring, uair.",
      ],
    ]);
  });

  it("compares by seed, and says whether the claim of a paper is reached", async () => {
    const { rowsOf } = (await import(join(folder, "papers", "rows.mjs"))) as {
      rowsOf(of: unknown): Row[];
    };
    const losses = {
      supervised: { reference: true },
      poor: {},
      near: { paper: { within: 0.3 } },
      closing: { paper: { closes: 0.9, from: "poor" } },
    };
    const levels: Record<string, number[]> = { supervised: [30, 32], poor: [20, 22], near: [29.5, 31.6] };
    levels["closing"] = [29, 31];
    const results = {
      of: (library: string, { name, seed }: { name: string; seed: number }) =>
        library === "deepinv" && name === "poor"
          ? undefined
          : {
              psnr: (levels[name]?.[seed] ?? 0) + (library === "deepinv" ? 0.1 * seed : 0),
              ssim: 0.5,
              start: { psnr: 10, ssim: 0.1 },
              seconds: library === "deepinv" ? 4 : 2,
            },
    };
    const rows = rowsOf({ tasks: [{ id: "task", losses }], results, seeds: [0, 1], steps: 1 });
    const of = (loss: string) => rows.find((row) => row.loss === loss) as Row;
    expect(of("supervised")).toMatchObject({ adjoint: 31, deepinv: 31.05, spreadOfDifference: 0.071 });
    expect(of("supervised").gap).toBeUndefined();
    expect(of("poor")).toMatchObject({ gap: 10, secondsAdjoint: 2 });
    expect(of("poor").deepinv).toBeUndefined();
    expect(of("near")).toMatchObject({ gap: 0.45, reached: false, secondsDeepinv: 4 });
    expect(of("closing")).toMatchObject({ closed: 0.9, reached: true });
    // A task whose second seed is not finished is judged by the first alone, also its finished rows.
    const part = {
      of: (library: string, each: { name: string; seed: number }) =>
        library === "deepinv" && each.name === "near" && each.seed === 1 ? undefined : results.of(library, each),
    };
    const first = rowsOf({ tasks: [{ id: "task", losses }], results: part, seeds: [0, 1], steps: 1 });
    expect(first.find((row) => row.loss === "supervised")).toMatchObject({ adjoint: 30, deepinv: 30, seeds: 1 });
  });

  it("gives the tables of losses the best row of each task, by what the loss is made of", async () => {
    const { evidenceByLoss } = (await import(join(folder, "papers", "by-loss.mjs"))) as {
      evidenceByLoss(): Record<string, { task: string; below: number }[]>;
    };
    const page = fileURLToPath(new URL("../../docs/evidence.json", import.meta.url));
    const { rows } = JSON.parse(readFileSync(page, "utf8")) as { rows: Row[] };
    const gap = (task: string, loss: string): number =>
      Math.round(10 * (rows.find((row) => row.task === task && row.loss === loss)?.gap ?? NaN)) / 10;
    const found = evidenceByLoss();
    const below = (loss: string, task: string): number | undefined =>
      found[loss]?.find((entry) => entry.task === task)?.below;
    // The rows of a loss differ by its options: the better one counts.
    const splitting = ["splitting", "splitting, tested as the mean of 5 splits"].map((loss) => gap("mri", loss));
    expect(below("SplittingLoss", "mri")).toBe(Math.min(...splitting));
    // Consistency is a loss of its own only where nothing stands beside it.
    expect(below("MCLoss", "inpainting")).toBe(gap("inpainting", "consistency only"));
    expect(below("EILoss", "ct")).toBe(gap("ct", "EI, rotations"));
    expect(below("MCLoss", "ct")).toBeUndefined();
    expect(found["SupLoss"]).toBeUndefined();
  });
});
