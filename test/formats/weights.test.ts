import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { readSafetensors, readWeights } from "../../ts/io/index.js";
import {
  ArtifactRemoval,
  DCGANGenerator,
  DnCNN,
  MoDL,
  type Module,
  PatchGANDiscriminator,
  UNet,
} from "../../ts/nn/index.js";
import { Inpainting } from "../../ts/physics/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory, type Tensor } from "../../ts/tensor/index.js";
import { readMutated } from "./mutate.js";

const path = (name: string): string => fileURLToPath(new URL(`fixtures/weights/${name}`, import.meta.url));

beforeAll(async () => {
  await init();
});

describe("files of torch.save", () => {
  type Expected = Record<string, { shape: number[]; values: (number | string)[] }>;
  const expected = JSON.parse(readFileSync(path("types.json"), "utf8")) as Expected;

  it.each(["types.pt", "types_legacy.pt", "types_protocol4.pt", "types_without_checksums.pt"])(
    "%s: every element type and every view",
    async (name) => {
      const read = await readWeights(path(name));
      expect(Object.keys(read)).toEqual(Object.keys(expected));
      for (const [key, { shape, values }] of Object.entries(expected)) {
        const isDouble = key === "float64" || key === "complex128";
        const asFile = values.map(Number);
        expect(read[key]?.shape, key).toEqual(shape);
        expect(read[key]?.dtype, key).toBe(isDouble ? "float64" : "float32");
        expect([...(await read[key]!.data())], key).toEqual(isDouble ? asFile : asFile.map(Math.fround));
      }
    },
  );

  it.each([
    "layer_state.pth",
    "layer_trainer.pth.tar",
    "layer_parallel.pth",
    "layer_compiled.pt",
    "layer_averaged.pt",
    "layer_lightning.ckpt",
    "layer_basicsr.pth",
    "layer.safetensors",
  ])("%s: the state dict is found, and its names without those of wrappers", async (name) => {
    const read = await readWeights(path(name));
    const right = await readSafetensors(path("layer.safetensors"));
    expect(
      Object.keys(read)
        .filter((key) => key !== "n_averaged")
        .sort(),
    ).toEqual(["bias", "weight"]);
    for (const key of ["bias", "weight"]) expect(await read[key]!.data()).toEqual(await right[key]!.data());
  });

  it("keeps or takes away the prefix that is asked for", async () => {
    expect(Object.keys(await readWeights(path("layer_parallel.pth"), { prefix: "" }))).toEqual([
      "module.weight",
      "module.bias",
    ]);
    expect(Object.keys(await readWeights(path("layer_compiled.pt"), { prefix: "_orig_mod." }))[0]).toBe(
      "module.weight",
    );
  });

  it("asks which of two networks is meant, and takes the one that is named", async () => {
    await expect(readWeights(path("two_networks.pth"))).rejects.toMatchObject({
      code: "weights_missing",
      message: expect.stringContaining('"generator", "discriminator"') as string,
    });
    const [generator, discriminator] = [
      await readWeights(path("two_networks.pth"), { key: "generator" }),
      await readWeights(path("two_networks.pth"), { key: "discriminator" }),
    ];
    const distance = discriminator["bias"]!.sub(generator["bias"]!).sub(1).abs().max();
    expect(distance.itemSync()).toBeLessThan(1e-6);
    await expect(readWeights(path("two_networks.pth"), { key: "x" })).rejects.toMatchObject({ code: "missing_key" });
  });

  it.each([
    ["hostile.pth", "file_unsupported", "posix.system"],
    ["whole_model.pth", "file_unsupported", "torch.nn.modules.conv.Conv2d"],
    ["script.pt", "file_unsupported", "TorchScript"],
    ["one_tensor.pt", "weights_missing", "one tensor"],
    ["no_weights.pt", "weights_missing", '"epoch"'],
    ["expanded.pt", "file_too_large", "3815 MiB"],
    ["float8.pt", "file_unsupported", "element type float8_e4m3fn"],
    ["types.json", "file_unknown", "not known"],
  ])("%s is refused with the reason", async (name, code, text) => {
    await expect(readWeights(path(name))).rejects.toMatchObject({
      name: "FormatError",
      code,
      message: expect.stringContaining(text) as string,
    });
    expect(existsSync("hostile-file-was-executed")).toBe(false);
  });

  it("takes the network that is named where its state dict is an entry of its own", async () => {
    const read = await readWeights(path("nested_networks.pth"), { key: "generator" });
    expect(Object.keys(read).sort()).toEqual(["bias", "weight"]);
    await expect(readWeights(path("two_networks.pth"), { key: "x" })).rejects.toThrow(/expected one of/);
    await expect(readWeights(path("no_weights.pt"), { key: "epoch" })).rejects.toThrow(/that entry has no tensors/);
  });

  it("applies the signs that PyTorch has put off: conj(), and imag of it", async () => {
    const read = await readWeights(path("signs.pt"));
    expect([...(await read["plain"]!.data())]).toEqual([1, 2, 3, -4]);
    expect([...(await read["conjugate"]!.data())]).toEqual([1, -2, 3, 4]);
    expect([...(await read["imaginary"]!.data())]).toEqual([-6, 8]);
  });

  it("takes bytes and Blobs, and says what is no file", async () => {
    const bytes = readFileSync(path("layer_state.pth"));
    const right = await readWeights(path("layer_state.pth"));
    for (const file of [bytes, new Blob([bytes]), new Uint8Array(bytes).buffer]) {
      expect(await (await readWeights(file))["weight"]!.data()).toEqual(await right["weight"]!.data());
    }
    await expect(readWeights(3 as never)).rejects.toMatchObject({ code: "invalid_argument" });
    await expect(readWeights(path("none.pth"))).rejects.toMatchObject({ code: "file_not_found" });
    await expect(readWeights(path(""))).rejects.toMatchObject({ code: "file_unreadable" });
  });

  it("refuses sizes that no tensor can have", async () => {
    const header = JSON.stringify({ a: { dtype: "F32", shape: [0, 2 ** 52, 2 ** 52], data_offsets: [0, 0] } });
    const bytes = Uint8Array.from([header.length, 0, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(header)]);
    await expect(readWeights(bytes)).rejects.toMatchObject({ code: "file_invalid" });
  });

  it("refuses a small file that asks for much memory", async () => {
    const limit = { maxBytes: 100 };
    await expect(readWeights(path("types.pt"), limit)).rejects.toMatchObject({ code: "file_too_large" });
  });
});

describe("networks of deepinv: the weights that torch.save wrote give deepinv's output", () => {
  const dncnn = (depth: number): DnCNN => new DnCNN({ inChannels: 1, outChannels: 1, depth, nf: 4 });
  const scales = { inChannels: 1, outChannels: 1, scales: 2, channelsPerScale: [4, 8] };
  type Run = (fixture: { y: Tensor; mask: Tensor; z: Tensor }) => [Module, Tensor];
  type Loaded = (model: Module) => void;
  const networks: Record<string, (load: Loaded) => Run> = {
    dncnn:
      (load) =>
      ({ y }) => {
        const model = dncnn(4);
        load(model);
        return [model, model.forward(y)];
      },
    unet:
      (load) =>
      ({ y }) => {
        const model = new UNet(scales);
        load(model);
        return [model, model.eval().forward(y)];
      },
    unet_biasfree:
      (load) =>
      ({ y }) => {
        const model = new UNet({ ...scales, batchNorm: "biasfree", bias: false });
        load(model);
        return [model, model.eval().forward(y)];
      },
    artifact_removal:
      (load) =>
      ({ y, mask }) => {
        const model = new ArtifactRemoval({ backboneNet: dncnn(3) });
        load(model);
        return [model, model.forward(y.mul(mask), new Inpainting({ imgSize: [1, 16, 16], mask }))];
      },
    modl:
      (load) =>
      ({ y, mask }) => {
        const model = new MoDL({ denoiser: dncnn(3), numIter: 2 });
        load(model);
        return [model, model.forward(y.mul(mask), new Inpainting({ imgSize: [1, 16, 16], mask }))];
      },
    patch_gan:
      (load) =>
      ({ y }) => {
        const model = new PatchGANDiscriminator({ inputNc: 1, ndf: 4, nLayers: 1 });
        load(model);
        return [model, model.eval().forward(y)];
      },
    dcgan_generator:
      (load) =>
      ({ z }) => {
        const model = new DCGANGenerator({ outputSize: 64, nz: 3, ngf: 2, nc: 1 });
        load(model);
        return [model, model.eval().forward(z)];
      },
  };

  it.each(Object.keys(networks))("%s", async (name) => {
    const fixture = await readSafetensors(path("deepinv.safetensors"));
    const weights = await readWeights(path(`deepinv_${name}.pth.tar`));
    const { y, mask, z } = fixture as { y: Tensor; mask: Tensor; z: Tensor };
    const [, out] = networks[name]!((model) => void model.loadStateDict(weights))({ y, mask, z });
    const right = fixture[name]!;
    expect(out.shape).toEqual(right.shape);
    expect(out.sub(right).abs().max().itemSync()).toBeLessThan(1e-5);
  });
});

describe("damaged files", () => {
  it.each(["types.pt", "types_legacy.pt", "layer_lightning.ckpt", "layer.safetensors"])("%s", async (name) => {
    const before = memory().tensors;
    const { refused } = await readMutated(
      readFileSync(path(name)),
      async (bytes) => await readWeights(bytes),
      (weights) => {
        for (const value of Object.values(weights)) {
          expect(value.shape.reduce((a, b) => a * b, 1)).toBe(value.dataSync().length);
          value.dispose();
        }
      },
    );
    expect(refused).toBeGreaterThan(0);
    expect(memory().tensors).toBeLessThanOrEqual(before);
  });
});
