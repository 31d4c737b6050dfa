import { cp, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-web";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensorsFile, readWeights, writeImage, writeSafetensors } from "../../ts/io/index.js";
import { DnCNN } from "../../ts/nn/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor, zeros } from "../../ts/tensor/index.js";
import { adjoint } from "./compiled.js";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../formats/fixtures/weights/${name}`, import.meta.url));

let folder: string;
beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-weights-"));
});
afterAll(async () => await rm(folder, { recursive: true }));

describe("adjoint convert", () => {
  it("writes the state dict of a checkpoint with the values that readWeights gives", async () => {
    const out = join(folder, "layer.safetensors");
    const { code, stdout } = await adjoint(["convert", fixture("layer_trainer.pth.tar"), out, "--json"]);
    expect(code).toBe(0);
    const expected = await readWeights(fixture("layer_trainer.pth.tar"));
    const { tensors } = await readSafetensorsFile(out);
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, value] of Object.entries(expected)) {
      expect(tensors[name]?.shape).toEqual(value.shape);
      expect(await tensors[name]?.data()).toEqual(await value.data());
    }
    expect(JSON.parse(stdout)).toMatchObject({ tensors: 2, output: out });
  });

  it("halves the file on request and keeps the metadata of safetensors", async () => {
    const [input, output] = [join(folder, "wide.safetensors"), join(folder, "half.safetensors")];
    await writeSafetensors(input, { w: tensor([1, 1 / 3, -2.5]).reshape([3]), z: zeros([1000]) }, { task: "denoise" });
    expect((await adjoint(["convert", input, output, "--dtype", "float16"])).code).toBe(0);
    const { tensors, metadata } = await readSafetensorsFile(output);
    // 1/3 in half precision is 1365 * 2^-12.
    expect([...(await tensors["w"]!.data())]).toEqual([1, 1365 * 2 ** -12, -2.5]);
    expect(metadata).toEqual({ task: "denoise" });
    expect((await stat(output)).size).toBeLessThan((await stat(input)).size / 1.8);
  });

  it.each([
    ["an output of another type", ["a.pth", "b.pth"], 2, ".safetensors"],
    ["a file that is not there", ["none.pth", "b.safetensors"], 1, "none.pth"],
    ["an unknown element type", ["a.pth", "b.safetensors", "--dtype", "int8"], 2, "bfloat16"],
  ])("refuses %s", async (_, args, exit, hint) => {
    const { code, stderr } = await adjoint(["convert", ...args]);
    expect(code).toBe(exit);
    expect(stderr).toContain(hint);
  });
});

describe("adjoint inspect", () => {
  it("lists names, shapes, element types and sizes as the file has them", async () => {
    const { stdout } = await adjoint(["inspect", fixture("types.pt"), "--json"]);
    const found = JSON.parse(stdout) as { tensors: { name: string; shape: number[]; dtype: string; bytes: number }[] };
    const expected = JSON.parse(await readFile(fixture("types.json"), "utf8")) as Record<string, { shape: number[] }>;
    expect(found.tensors.map(({ name }) => name)).toEqual(Object.keys(expected));
    const half = found.tensors.find(({ name }) => name === "float16");
    expect(half).toMatchObject({ dtype: "float16", shape: expected["float16"]?.shape });
    expect(half?.bytes).toBe(2 * (half?.shape.reduce((a, b) => a * b, 1) ?? 0));
    const text = (await adjoint(["inspect", fixture("layer.safetensors")])).stdout;
    expect(text).toMatch(/^weight +\[.*\] +float32/m);
  });

  it("decides by the content, not by the name", async () => {
    const renamed = join(folder, "weights.png");
    await cp(fixture("layer_state.pth"), renamed);
    expect((await adjoint(["inspect", renamed, "--json"])).stdout).toContain('"kind":"weights"');
    const picture = join(folder, "picture.tif");
    await writeImage(picture, tensor([0.25, 0.5, 0.75, 1, 0, 0.125]).reshape([1, 1, 2, 3]), { sample: "float32" });
    const { stdout } = await adjoint(["inspect", picture, "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      kind: "image",
      sample: "float32",
      shape: [1, 2, 3],
      smallest: 0,
      largest: 1,
    });
  });

  it("names a file that it cannot read", async () => {
    const { code, stderr } = await adjoint(["inspect", fixture("types.json")]);
    expect(code).toBe(1);
    expect(stderr).toContain("types.json");
  });
});

describe("adjoint export", () => {
  it("writes the network of a configuration, whose output is that of its weights", async () => {
    const model = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: new Rng(7) });
    const [weights, config, output] = ["dncnn.safetensors", "config.json", "dncnn.onnx"].map((name) =>
      join(folder, name),
    ) as [string, string, string];
    await writeSafetensors(weights, model.stateDict());
    await writeFile(
      config,
      JSON.stringify({
        data: { train: "." },
        physics: { name: "Denoising", noise: { name: "GaussianNoise", sigma: 0.1 } },
        model: { name: "DnCNN", inChannels: 1, outChannels: 1, depth: 3, nf: 4 },
        losses: [{ name: "SureGaussianLoss", sigma: 0.1 }],
      }),
    );
    const { code, stderr } = await adjoint(["export", weights, "--config", config, "-o", output]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const session = await ort.InferenceSession.create(new Uint8Array(await readFile(output)));
    const y = new Rng(1).uniform([1, 1, 20, 30]);
    const input = new ort.Tensor("float32", y.dataSync() as Float32Array, y.shape);
    const right = model.forward(y).dataSync() as Float32Array;
    const found = (await session.run({ input }))["output"]!.data as Float32Array;
    expect(Math.max(...right.map((value, i) => Math.abs(value - found[i]!)))).toBeLessThan(1e-5);
  });
});
