import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readWeights, writeImage, writeSafetensors } from "../../ts/io/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { ones } from "../../ts/tensor/index.js";
import { adjoint, compiled } from "./compiled.js";

let folder: string;
const at = (name: string): string => join(folder, name);
const config = {
  data: { train: "in", channels: "grey", patch: 8, patchesPerEpoch: 2 },
  physics: { name: "Denoising", noise: { name: "GaussianNoise", sigma: 0.1 } },
  model: { name: "DnCNN", inChannels: 1, outChannels: 1, depth: 2, nf: 2 },
  losses: ["SupLoss"],
  batchSize: 2,
};

beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-mistakes-"));
  await mkdir(at("in"));
  const image = new Rng(0).uniform([1, 1, 16, 16]);
  for (const name of ["a.png", "b.png", "in/a.png"]) await writeImage(at(name), image);
  await writeImage(at("small.png"), image.slice([0, 0, 0, 0], [1, 1, 4, 16]));
  await writeImage(at("array.npy"), image);
  await writeSafetensors(at("weights.safetensors"), { "net.weight": ones([2]), "net.bias": ones([1]) });
  await writeFile(at("config.json"), JSON.stringify(config));
  for (const [name, change] of Object.entries(changes))
    await writeFile(at(`${name}.json`), JSON.stringify({ ...config, ...change }));
  await adjoint(["train", at("config.json"), "--out", at("trained")]);
}, 60_000);
afterAll(async () => await rm(folder, { recursive: true, force: true }));

const changes = {
  seed: { seed: 1 },
  unknown: { xyz: 1 },
  out: { out: "" },
  empty: { data: { ...config.data, train: "" } },
  metric: { metrics: [""] },
};

/** Words that are files are written as paths below the folder. */
const pathOf = (word: string): string =>
  /^(?:\w+\.(?:png|npy|json|safetensors)|trained|in)\b/.test(word) ? at(word) : word;

describe("a mistake is refused before anything is written, and the message says which it is", () => {
  const denoise = ["denoise", "a.png", "-o", "out.png"];
  const apply = ["apply", "trained/model.safetensors"];
  it.each<[string[], number, string]>([
    [[...denoise, "--noise", "poisson", "--gain", "0.1", "--sigma", "0.1"], 2, "--sigma is given, too"],
    [[...denoise, "--noise", "gaussian", "--gain", "0.1", "--sigma", "0.1"], 2, "--gain is given, too"],
    [[...denoise, "--looks", "3", "--sigma", "0.1"], 2, "gamma noise has the level --looks"],
    [[...denoise, "--sigma", "1e-300"], 2, "less than the rounding of the image's values"],
    [[...denoise, "--steps", "-1"], 2, "Expected a whole number, 1 or more."],
    [[...denoise, "--seed", "1e300"], 2, "at most 9007199254740991"],
    [[...denoise, "--save", ""], 2, "--save <file> is empty"],
    [["restore", "small.png", "-o", "out.png", "--blur", "gaussian:1"], 2, "small.png is 16x4, expected at least 8x8"],
    [["train", "config.json", "--out", ""], 2, "--out <folder> is empty"],
    [["train", ""], 2, "<config.json> is empty"],
    [["train", "config.json", "--save-pretrained", "a.png"], 2, "a.png, which is a file; expected a folder"],
    [
      ["train", "seed.json"],
      2,
      "seed is 1, but a configuration has no key of that name; it is an option of the command",
    ],
    [["train", "unknown.json"], 2, "no key of that name. Expected one of"],
    [["train", "out.json"], 2, 'out is "", expected a path'],
    [["train", "empty.json"], 2, 'data.train is "", expected'],
    [["train", "metric.json"], 2, 'expected a metric such as { "name": "PSNR" }. Known'],
    [[...apply, "a.png", "b.png", "-o", "in/a.png"], 2, "the name of a file, but there are 2 images"],
    [[...apply, "none.png", "-o", "out.png"], 1, "none.png: no such file or folder"],
    [[...apply, "a.png", "-o", "out.png", "--scale", "1e-300"], 1, "are not finite, so nothing is written"],
    [["inspect", "array.npy", "--key", "ema"], 2, "holds an array; leave it out"],
    [["inspect", "a.png", "--dataset", "x"], 2, "holds a picture; leave it out"],
    [["convert", "weights.safetensors", "out.safetensors", "--key", "ema"], 1, "one set of weights; leave key out"],
    [["convert", "weights.safetensors", "out.safetensors", "--prefix", "model."], 1, "does not begin with it"],
    [["start", "--steps", "1", "--out", "a.png"], 1, "a part of the path is a file; choose another place"],
    [["new", "node_modules"], 2, "is no name of a package"],
  ])("%s", async (command, code, text) => {
    const before = await readdir(folder, { recursive: true });
    const run = await adjoint(command.map(pathOf));
    expect(run.stderr).toContain(text);
    expect(run.stderr).not.toMatch(/^\s+at /m);
    expect(run.code).toBe(code);
    expect(await readdir(folder, { recursive: true })).toEqual(before);
  });
});

it("a prefix may be empty, and is taken off where all names have it", async () => {
  for (const [prefix, name] of [
    ["", "net.weight"],
    ["net.", "weight"],
  ] as const) {
    const run = await adjoint(["convert", at("weights.safetensors"), at(`${name}.safetensors`), "--prefix", prefix]);
    expect(run.code).toBe(0);
    expect(Object.keys(await readWeights(at(`${name}.safetensors`), { prefix: "" }))).toContain(name);
  }
});

it.skipIf(process.platform === "win32")(
  "paths of a configuration from a pipe are those of the working folder",
  async () => {
    const command = 'cat config.json | "$0" "$1" train /dev/stdin';
    execFileSync("sh", ["-c", command, process.execPath, compiled("cli/main.js")], { cwd: folder, stdio: "pipe" });
    expect(await readdir(at("results/stdin"))).toContain("model.safetensors");
  },
);
