import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { printError } from "../../ts/cli/errors.js";
import { encodeArray, readArray, readImage, readWeights, writeFileAtomic, writeImage } from "../../ts/io/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { adjoint } from "./compiled.js";

const weights = (name: string): string =>
  fileURLToPath(new URL(`../formats/fixtures/weights/${name}`, import.meta.url));
const hasPipes = process.platform !== "win32";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-odd-"));
  await writeImage(at("noisy.png"), new Rng(0).normal([1, 1, 32, 32]).mul(0.1).add(0.5));
  await writeImage(at("mask.png"), new Rng(0).bernoulli([1, 1, 32, 32], 0.5));
  writeFileSync(at("empty"), "");
  writeFileSync(at("text"), "neither weights nor a picture");
  mkdirSync(at("photos"));
  if (!hasPipes) return;
  symlinkSync("loop", at("loop"));
  symlinkSync("noisy.png", at("same.png"));
  execFileSync("mkfifo", [at("pipe")]);
});
afterAll(async () => await rm(folder, { recursive: true }));

const short = ["--quality", "fast", "--steps", "1"];

describe("a result never replaces what was read", () => {
  it.each([
    ["denoise, the picture", () => ["denoise", at("noisy.png"), "-o", at("noisy.png"), ...short]],
    ["denoise, by a link", () => ["denoise", at("noisy.png"), "-o", at(hasPipes ? "same.png" : "noisy.png"), ...short]],
    ["denoise, another picture", () => ["denoise", at("noisy.png"), at("mask.png"), "-o", folder, ...short]],
    ["restore, the picture", () => ["restore", at("noisy.png"), "-o", at("noisy.png"), "--blur", "gaussian:1"]],
    ["restore, the mask", () => ["restore", at("noisy.png"), "-o", at("mask.png"), "--mask", at("mask.png")]],
    ["convert", () => ["convert", weights("layer.safetensors"), weights("layer.safetensors"), "--dtype", "float16"]],
    ["apply", () => ["apply", weights("layer.safetensors"), at("noisy.png"), "-o", at("noisy.png")]],
  ])("%s", async (_, command) => {
    const before = [at("noisy.png"), at("mask.png"), weights("layer.safetensors")].map((path) => readFileSync(path));
    const { code, stderr } = await adjoint(command());
    expect(stderr).toContain(stderr.includes("--config") ? "--config" : "would replace");
    expect(code).toBe(2);
    const after = [at("noisy.png"), at("mask.png"), weights("layer.safetensors")].map((path) => readFileSync(path));
    expect(after).toEqual(before);
  });

  it("a network is saved under a name of networks only", async () => {
    const files = [at("noisy.png"), "-o", at("out.png"), "--save", at("mask.png")];
    const { code, stderr } = await adjoint(["denoise", ...files, ...short]);
    expect(stderr).toContain("expected a name that ends in .safetensors");
    expect(code).toBe(2);
  });
});

describe.skipIf(!hasPipes)("what is no file is named, and nothing waits for it", () => {
  it.each([
    [["inspect", "pipe"], "ESPIPE"],
    [["denoise", "pipe", "-o", "x.png"], "ESPIPE"],
    [["restore", "noisy.png", "-o", "x.png", "--mask", "pipe"], "ESPIPE"],
    [["convert", "pipe", "x.safetensors"], "ESPIPE"],
    [["inspect", "loop"], "ELOOP"],
    [["denoise", "loop", "-o", "x.png"], "ELOOP"],
    [["denoise", "text/x.png", "-o", "x.png"], "ENOTDIR"],
    [["denoise", "noisy.png", "-o", "text/x.png", ...short], "EEXIST"],
    [["apply", weights("layer.safetensors"), `${"x".repeat(300)}.png`, "-o", "x.png"], "no such file"],
    [["denoise", `${"x".repeat(300)}.png`, "-o", "x.png"], "ENAMETOOLONG"],
  ])("%s", async (command, text) => {
    const args = command.map((word) => (/^(?:pipe|loop|noisy|text|x)/.test(word) ? at(word) : word));
    const { code, stdout, stderr } = await adjoint([...args, "--json"]);
    expect(stderr).toContain(text);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: expect.stringMatching(/^file_/) as string } });
    expect([1, 2]).toContain(code);
  });

  it("in a program too", async () => {
    for (const read of [readImage, readArray, readWeights])
      await expect(read(at("pipe"))).rejects.toMatchObject({ name: "ArgumentError", code: "file_unreadable" });
  });

  it.skipIf(process.platform !== "linux")(
    "a folder that cannot be made is an error, not a call without end",
    async () => {
      await expect(writeFileAtomic("/proc/none/in/it", "")).rejects.toMatchObject({ code: "file_unwritable" });
      await writeFileAtomic(at("a/b/c/file"), "content");
      expect(readFileSync(at("a/b/c/file"), "utf8")).toBe("content");
    },
  );

  it.skipIf(process.platform !== "linux")(
    "a device without an end is read up to a limit",
    { timeout: 60_000 },
    async () => {
      const { code, stderr } = await adjoint(["train", "/dev/zero"]);
      expect(stderr).toContain("too large");
      expect(code).toBe(1);
    },
  );
});

describe("inspect", () => {
  it.each([
    ["empty", "the file is empty; expected weights (.safetensors, .pth), a picture or an array"],
    ["text", "the format is not known; expected weights (.safetensors, .pth), a picture or an array"],
  ])("%s", async (name, text) => {
    expect((await adjoint(["inspect", at(name)])).stderr).toContain(text);
  });

  it("says of a whole model why it is not read", async () => {
    const { code, stderr } = await adjoint(["inspect", weights("whole_model.pth")]);
    expect(stderr).toContain("torch.nn.modules.conv.Conv2d");
    expect(code).toBe(1);
  });

  it("an array without values has none", async () => {
    const { bytes } = await encodeArray("x.npy", { data: new Float32Array(0), shape: [0, 5] });
    writeFileSync(at("none.npy"), bytes);
    expect((await adjoint(["inspect", at("none.npy")])).stdout).toMatch(/values +none/);
    expect(JSON.parse((await adjoint(["inspect", at("none.npy"), "--json"])).stdout)).toMatchObject({ smallest: null });
  });
});

it("the file is named that is no network", async () => {
  const { stderr } = await adjoint(["denoise", at("noisy.png"), "-o", at("x.png"), "--model", at("mask.png")]);
  expect(stderr).toContain(`${at("mask.png")}: safetensors`);
  expect(stderr).toContain("none of safetensors");
});

it("the file is named that is too small to denoise", async () => {
  await writeImage(at("small.png"), new Rng(0).uniform([1, 1, 7, 40]));
  const { code, stderr } = await adjoint(["denoise", at("noisy.png"), at("small.png"), "-o", at("results"), ...short]);
  expect(stderr).toContain(`${at("small.png")} is 40x7, expected at least 8x8 pixels.`);
  expect(code).toBe(2);
});

it("weights that are not there are said not to be", async () => {
  for (const name of ["none.pth", "none", "none.safetensors"]) {
    const { code, stderr } = await adjoint(["apply", at(name), at("noisy.png"), "-o", at("x.png")]);
    expect(stderr).toContain(`${at(name)}: no such file or folder.`);
    expect(code).toBe(1);
  }
});

it("the class of an error as JSON is a public one", () => {
  class Passing extends ArgumentError {}
  const written: string[] = [];
  const out = vi.spyOn(process.stdout, "write").mockImplementation((text) => written.push(String(text)) > 0);
  const err = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  printError(new Passing("the server is busy.", "file_unreadable"), true);
  for (const spy of [out, err]) spy.mockRestore();
  expect(JSON.parse(written.join(""))).toMatchObject({ error: { class: "ArgumentError", code: "file_unreadable" } });
});
