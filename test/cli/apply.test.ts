import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodePng, readImage, readPixels, readSafetensors, writeImage, writeSafetensors } from "../../ts/io/index.js";
import { R2RLoss } from "../../ts/loss/index.js";
import { DnCNN, fromPretrained } from "../../ts/nn/index.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { type Tensor, tensor } from "../../ts/tensor/index.js";
import { restore } from "../../ts/train/index.js";
import { adjoint } from "./compiled.js";

const photographs = fileURLToPath(new URL("../../examples/images", import.meta.url));
const config = {
  data: { train: photographs, channels: "grey", size: 32, patch: 16, patchesPerEpoch: 4 },
  physics: { name: "Denoising", noise: { name: "GaussianNoise", sigma: 0.1 } },
  model: { name: "DnCNN", inChannels: 1, outChannels: 1, depth: 3, nf: 4 },
  losses: [{ name: "R2RLoss", evalNSamples: 1 }],
  batchSize: 4,
};

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);
/** Trains a configuration; the folder of its results. */
async function trained(name: string, change: object): Promise<string> {
  await writeFile(at(`${name}.json`), JSON.stringify({ ...config, ...change, out: name }));
  const { code, stderr } = await adjoint(["train", at(`${name}.json`)]);
  expect(stderr).not.toContain("error");
  expect(code).toBe(0);
  return at(name);
}
const values = (t: Tensor): number[] => Array.from(t.dataSync());

beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-apply-"));
  await mkdir(at("in"));
  const image = new Rng(1).uniform([2, 1, 20, 24]);
  await writeImage(at("in", "stack.tif"), image, { sample: "uint16" });
  await writeImage(at("in", "one.png"), image.slice([0], [1]), { sample: "uint8" });
  await writeFile(at("in", "opacity.png"), Buffer.from(await pngWithOpacity()));
  await trained("plain", {});
});
afterAll(async () => await rm(folder, { recursive: true }));

/** A picture whose second channel is opacity. */
async function pngWithOpacity(): Promise<Uint8Array> {
  return await encodePng(new Rng(2).uniform([2, 10, 12]), { metadata: { alpha: true } });
}

describe("adjoint apply", () => {
  it("restores every page with the network as trained, and keeps type of samples and opacity", async () => {
    const files = ["*.tif", "one.png", "opacity.png"].map((name) => at("in", name));
    const args = ["apply", at("plain", "model.safetensors"), ...files, "-o", at("out"), "--json"];
    const { code, stdout, stderr } = await adjoint(args);
    expect(code).toBe(0);
    // One progress over all files and their pages.
    expect(stderr).toMatch(/^applying 16 %  1 of 3: .*stack\.tif, .* left$/m);
    expect(stderr).toMatch(/^applying 100 %  3 of 3: .*opacity\.png, 0s left$/m);
    expect(JSON.parse(stdout)).toMatchObject({
      network: "DnCNN, Denoising",
      outputs: [{ pages: 2 }, { pages: 1 }, {}],
    });
    expect((await readdir(at("out"))).sort()).toEqual(["one.png", "opacity.png", "stack.tif"]);

    const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4 });
    model.loadStateDict(await readSafetensors(at("plain", "model.safetensors")));
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const adapted = new R2RLoss({ evalNSamples: 1 }).adaptModel(model);
    const given = await readImage(at("in", "stack.tif"), { page: "all" });
    // Each page of a file draws from a stream of its own.
    const pages = [
      await restore(adapted, physics, given.slice([0], [1]), { rng: new Rng(0) }),
      await restore(adapted, physics, given.slice([1], [2]), { rng: Rng.ofIndex(0, 1) }),
    ];
    const read = await readPixels(at("out", "stack.tif"), { page: "all" });
    expect([read.sample, read.shape]).toEqual(["uint16", [2, 1, 20, 24]]);
    const expected = pages.flatMap(values).map((value) => Math.min(1, Math.max(0, value)));
    expect(Math.max(...read.data.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(1e-4);

    const [before, after] = [await readPixels(at("in", "opacity.png")), await readPixels(at("out", "opacity.png"))];
    expect(after.data.slice(120)).toEqual(before.data.slice(120));
    expect(after.data.slice(0, 120)).not.toEqual(before.data.slice(0, 120));
  });

  it("takes the folder of --save-pretrained, whose card says what was trained", async () => {
    const [saved, file] = [at("pretrained"), at("in", "one.png")];
    const train = await adjoint(["train", at("plain.json"), "--out", at("again"), "--save-pretrained", saved]);
    expect(train).toMatchObject({ code: 0 });
    expect((await readdir(saved)).sort()).toEqual(["README.md", "config.json", "model.safetensors"]);
    const card = await readFile(join(saved, "README.md"), "utf8");
    expect(card).toContain("# DnCNN trained by R2RLoss");
    expect(card).toContain("| loss | R2RLoss, evalNSamples 1 |");
    expect(card).toContain('| physics | Denoising, noise {"name":"GaussianNoise","sigma":0.1} |');
    expect(card).toContain("| data | images (images) |");
    expect(card).not.toContain(photographs);
    for (const [model, output] of [
      [saved, at("by-folder.png")],
      [at("again", "model.safetensors"), at("by-file.png")],
    ] as const) {
      expect(await adjoint(["apply", model, file, "-o", output, "--seed", "4"])).toMatchObject({ code: 0 });
    }
    const [byFolder, byFile] = await Promise.all(["by-folder.png", "by-file.png"].map((name) => readFile(at(name))));
    expect(byFolder).toEqual(byFile);
    const model = (await fromPretrained(saved)) as DnCNN;
    expect(model.convList).toHaveLength(1);
  });

  it("takes all files of a folder, and the last weights", async () => {
    const { code } = await adjoint(["apply", at("plain", "last.safetensors"), at("in"), "-o", `${at("all")}/`]);
    expect(code).toBe(0);
    expect((await readdir(at("all"))).sort()).toEqual(["one.png", "opacity.png", "stack.tif"]);
  });

  it.each([
    ["a format that is not written", ["one.png", "-o", "x.jpg"], "expected a name that ends in .png"],
    ["a file for several results", ["one.png", "stack.tif", "-o", "x.tif"], "expected a folder"],
    ["a PNG for a stack", ["stack.tif", "-o", "x.png"], "stack.tif: a PNG cannot hold 2 pages"],
    ["a result in the place of its input", ["one.png", "-o", "."], "would replace"],
    ["a scale of 0", ["one.png", "-o", "x.png", "--scale", "0"], "--scale is 0"],
    ["another physics than there is", ["one.png", "-o", "x.png", "--physics", "1"], "--physics is 1, expected 0 to 0"],
  ])("refuses %s", async (_, args, hint) => {
    const paths = args.map((arg) => (/^(?:--|-o|0$|1$)/.test(arg) ? arg : at("in", arg)));
    const { code, stderr } = await adjoint(["apply", at("plain", "model.safetensors"), ...paths]);
    expect(stderr).toContain(hint);
    expect(code).toBe(2);
  });

  it("asks for the configuration where the weights do not say it, and takes it", async () => {
    const bare = at("bare.safetensors");
    await writeSafetensors(bare, await readSafetensors(at("plain", "model.safetensors")));
    const args = [at("in", "one.png"), "-o", at("bare.png")];
    const asked = await adjoint(["apply", bare, ...args]);
    expect([asked.code, asked.stderr]).toEqual([2, expect.stringContaining("--config config.json")]);
    expect((await adjoint(["apply", bare, ...args, "--config", at("plain.json")])).code).toBe(0);
    const [own, given] = [await readPixels(at("all", "one.png")), await readPixels(at("bare.png"))];
    expect(given.shape).toEqual(own.shape);
  });

  it("draws the mask of the training again, and works where the folder of results was moved", async () => {
    const from = await trained("masked", {
      physics: { name: "Inpainting", imgSize: [1, 32, 32], mask: 0.5 },
      model: { name: "ArtifactRemoval", backboneNet: config.model },
      losses: [{ name: "SplittingLoss", evalNSamples: 1 }],
      data: { ...config.data, patch: undefined },
    });
    await mkdir(at("elsewhere"));
    await rm(at("masked.json"));
    const moved = at("elsewhere", "weights.safetensors");
    await copyFile(join(from, "model.safetensors"), moved);
    await writeImage(at("y.png"), new Rng(3).uniform([1, 1, 32, 32]), { sample: "uint8" });
    const { code, stderr } = await adjoint(["apply", moved, at("y.png"), "-o", at("x.tif")]);
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("error")]);
    const other = await adjoint(["apply", moved, at("in", "one.png"), "-o", at("x.tif")]);
    expect([other.code, other.stderr]).toEqual([1, expect.stringMatching(/one\.png: .*shape/)]);
  });

  it("divides by what the training data were divided by, and gives the result in the unit of the file", async () => {
    const counts = new Rng(4).uniform([1, 1, 16, 16]).mul(900).add(50);
    await mkdir(at("counts"));
    await writeImage(at("counts", "a.tif"), counts, { sample: "float32", scale: "none" });
    const normalized = { name: "Normalized", dataset: { name: "MeasurementFolder", path: at("counts") } };
    const from = await trained("scaled", { data: { train: normalized }, losses: ["MCLoss"] });
    const { code } = await adjoint([
      "apply",
      join(from, "model.safetensors"),
      at("counts"),
      "-o",
      `${at("scaled-out")}/`,
    ]);
    expect(code).toBe(0);

    const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4 });
    model.loadStateDict(await readSafetensors(join(from, "model.safetensors")));
    const sorted = values(counts).sort((a, b) => a - b);
    const scale = sorted[Math.floor(0.99 * sorted.length)] as number;
    const expected = values(model.forward(counts.div(scale)).mul(scale));
    const { data, sample } = await readPixels(at("scaled-out", "a.tif"));
    expect(sample).toBe("float32");
    expect(Math.max(...data.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(0.01);
  });

  it("takes arrays where the measurement is no picture", async () => {
    const from = await trained("tomography", {
      data: { ...config.data, size: 16, patch: undefined },
      physics: { name: "Tomography", angles: 8, imgWidth: 16 },
      model: { name: "ArtifactRemoval", backboneNet: config.model, mode: "pinv" },
      losses: ["MCLoss"],
    });
    await writeImage(at("sinogram.npy"), tensor(new Float32Array(23 * 8).fill(1), { shape: [1, 1, 23, 8] }));
    const { code, stderr } = await adjoint([
      "apply",
      join(from, "model.safetensors"),
      at("sinogram.npy"),
      "-o",
      at("x.npy"),
    ]);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^applying 100 %  .*sinogram\.npy, 0s left\n$/)]);
    expect((await readPixels(at("x.npy"))).shape).toEqual([1, 16, 16]);
  });
});
