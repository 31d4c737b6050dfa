import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "../../ts/io/index.js";
import { DnCNN } from "../../ts/nn/index.js";
import { init } from "../../ts/runtime/index.js";
import { adjoint } from "./compiled.js";

const configurations = fileURLToPath(new URL("../../examples/configurations", import.meta.url));
let folder: string;
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-configurations-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

/** A configuration of the package, written into another folder with some keys changed. */
async function written(name: string, change: object): Promise<string> {
  const config = JSON.parse(await readFile(join(configurations, name), "utf8")) as object;
  const path = join(folder, name);
  await writeFile(path, JSON.stringify({ ...config, ...change }));
  return path;
}

describe("the configurations of the package", () => {
  const names = ["adversarial.json", "inpainting.json", "start.json", "tomography.json"];
  it("are these", async () => {
    expect((await readdir(configurations)).filter((name) => name.endsWith(".json")).sort()).toEqual(names);
  });

  it.each(names)("%s trains from any folder, and is evaluated", async (name) => {
    const path = await written(name, { maxSteps: 3, out: `out-${name}` });
    const trained = await adjoint(["train", path, "--json"]);
    expect([trained.code, trained.stderr]).toEqual([0, expect.not.stringContaining("error")]);
    expect(JSON.parse(trained.stdout)).toMatchObject({ folder: join(folder, `out-${name}`), steps: 3 });
    const tested = await adjoint(["test", path, "--json"]);
    expect([tested.code, tested.stderr]).toEqual([0, expect.not.stringContaining("error")]);
    expect(JSON.parse(tested.stdout)).toMatchObject({ metrics: { PSNR: { mean: expect.any(Number) } } });
  });

  it("show the first of them in --help and --print-config, which runs as it is", async () => {
    const { stdout: help } = await adjoint(["train", "--help"]);
    const { stdout: printed } = await adjoint(["train", "--print-config"]);
    expect(help).toContain(printed.trimEnd());
    expect(printed).toBe(await readFile(join(configurations, "start.json"), "utf8"));
    const { stdout: schema } = await adjoint(["train", "--print-schema"]);
    expect(JSON.parse(schema)).toMatchObject({ $schema: "http://json-schema.org/draft-07/schema#" });
  });

  it("train a discriminator, which a checkpoint holds", async () => {
    const path = await written("adversarial.json", { maxSteps: 2, out: "out-gan" });
    expect(await adjoint(["train", path])).toMatchObject({ code: 0 });
    const history = (await readFile(join(folder, "out-gan", "history.jsonl"), "utf8")).trim().split("\n");
    expect(history.some((line) => line.includes('"SupAdversarialDiscriminatorLoss"'))).toBe(true);
    const without = await written("adversarial.json", { D: undefined });
    const { code, stderr } = await adjoint(["train", without]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("D is missing, but lossesD is given")]);
  });

  it("leave the best weights in model.safetensors and the last in last.safetensors", async () => {
    // A training that makes the error larger: each evaluation is worse than the one before.
    const change = {
      data: {
        train: "adjoint:examples/images",
        eval: { name: "ImageFolder", path: "adjoint:examples/images", channels: "grey", size: 48, names: ["camera"] },
        channels: "grey",
        patch: 16,
        patchesPerEpoch: 16,
      },
      model: { name: "DnCNN", inChannels: 1, outChannels: 1, depth: 3, nf: 4 },
      losses: [{ name: "SupLoss", weight: -1 }],
      optimizer: { name: "SGD", lr: 0.02 },
      schedule: undefined,
      batchSize: 4,
      epochs: 4,
      out: "best",
    };
    const path = await written("start.json", change);
    const { stdout } = await adjoint(["train", path, "--json"]);
    const { best } = JSON.parse(stdout) as { best: { name: string; value: number } };
    const psnr = async (name: string): Promise<number> => {
      const weights = join(folder, "best", `${name}.safetensors`);
      const tested = await adjoint(["test", path, "--weights", weights, "--json"]);
      return (JSON.parse(tested.stdout) as { metrics: { PSNR: { mean: number } } }).metrics.PSNR.mean;
    };
    expect(best.name).toBe("PSNR");
    expect(await psnr("model")).toBeGreaterThan((await psnr("last")) + 0.05);
    // The same weights on other noise.
    expect(Math.abs((await psnr("model")) - best.value)).toBeLessThan(1);
  });

  it("start from the weights of a file", async () => {
    const sizes = { inChannels: 1, outChannels: 1, depth: 3, nf: 2 };
    const model = { name: "DnCNN", ...sizes };
    const weights = new DnCNN(sizes).stateDict();
    await writeSafetensors(join(folder, "first.safetensors"), weights);
    const change = { model, weights: "first.safetensors", optimizer: { name: "SGD", lr: 0 }, maxSteps: 1, out: "same" };
    expect(await adjoint(["train", await written("start.json", change)])).toMatchObject({ code: 0 });
    const trained = await readSafetensors(join(folder, "same", "model.safetensors"));
    for (const [name, value] of Object.entries(weights))
      expect(await trained[name]!.data()).toEqual(await value.data());
    const wrong = await adjoint(["train", await written("start.json", { ...change, weights: "none.pth" })]);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("none.pth")]);
  });
});

describe("noise levels of the scale 0 to 255", () => {
  const denoising = (sigma: number) => ({ name: "Denoising", noise: { name: "GaussianNoise", sigma } });
  it.each([
    ["of a noise model", { physics: denoising(25) }, "physics.noise.sigma is 25"],
    ["of a loss", { losses: [{ name: "SureGaussianLoss", sigma: 25 }] }, "losses[0].sigma is 25"],
    [
      "inside a composition",
      { physics: { name: "compose", list: ["Denoising", denoising(25)] } },
      "physics.list[1].noise.sigma is 25",
    ],
  ])("are questioned: %s", async (_, change, where) => {
    const { code, stderr } = await adjoint(["train", await written("start.json", change)]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(where)]);
    expect(stderr).toContain("25/255 = 0.098");
    expect(stderr).toContain('"maxPixel": 255');
  });

  it("are taken where the images are said to have that scale", async () => {
    const data = { train: "adjoint:examples/images", channels: "grey", patch: 16, maxPixel: 255 };
    const change = { data, physics: denoising(25), losses: ["SupLoss"], maxSteps: 1, out: "out-scale" };
    expect(await adjoint(["train", await written("start.json", change)])).toMatchObject({ code: 0 });
  });
});
