import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { download, serializeSafetensors, writeSafetensors } from "../../ts/io/index.js";
import { ArtifactRemoval, DnCNN, DRUNet, FFDNet, fromPretrained, loadPretrained, SRResNet } from "../../ts/nn/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { memory } from "../../ts/tensor/index.js";
import { savePretrained } from "../../ts/train/index.js";

const options = { inChannels: 1, outChannels: 1, depth: 2, nf: 2 };
let folder: string;
let bytes: Uint8Array;
let sha256: string;
let server: Server;
let origin: string;
/** What was asked of the server. */
let asked: string[] = [];

beforeAll(async () => {
  await init();
  folder = await mkdtemp(join(tmpdir(), "adjoint-pretrained-"));
  bytes = await serializeSafetensors(new DnCNN({ ...options, rng: new Rng(1) }).stateDict());
  sha256 = createHash("sha256").update(bytes).digest("hex");
  await writeFile(join(folder, "weights"), bytes);
  server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (request.url === "/gone.pth") response.writeHead(404).end();
    else if (request.url === "/denied.pth") response.writeHead(403).end();
    else if (request.url === "/cut.pth") {
      response.writeHead(200, { "Content-Length": bytes.length });
      response.write(bytes.subarray(0, 100), () => response.destroy());
    } else response.writeHead(200, { "Content-Length": bytes.length }).end(bytes);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  server.closeAllConnections();
  await rm(folder, { recursive: true, force: true });
});

const { ADJOINT_CACHE } = process.env;
beforeEach(async () => {
  asked = [];
  process.env["ADJOINT_CACHE"] = await mkdtemp(join(folder, "cache-"));
});
afterEach(() => {
  if (ADJOINT_CACHE === undefined) delete process.env["ADJOINT_CACHE"];
  else process.env["ADJOINT_CACHE"] = ADJOINT_CACHE;
});

const firstWeight = (model: DnCNN): number[] => [...model.inConv.weight.dataSync()];
const expected = (): number[] => firstWeight(new DnCNN({ ...options, rng: new Rng(1) }));

describe("pretrained", () => {
  it("loads a path or an address, and fetches an address once", async () => {
    for (const pretrained of [join(folder, "weights"), `${origin}/w.pth`, { from: `${origin}/w.pth`, sha256 }]) {
      const model = await DnCNN.create({ ...options, pretrained });
      expect(firstWeight(model)).toEqual(expected());
      expect(model.training).toBe(false);
    }
    expect(asked).toEqual(["/w.pth"]);
  });

  it("without it nothing is fetched, and the network is that of new", async () => {
    const model = await DnCNN.create({ ...options, rng: new Rng(1) });
    expect(firstWeight(model)).toEqual(expected());
    expect(model.training).toBe(true);
    expect(asked).toEqual([]);
    await expect(DnCNN.create({ depths: 3 } as object)).rejects.toMatchObject({ code: "unknown_option" });
  });

  it.each([
    ["DRUNet", DRUNet, { inChannels: 1, outChannels: 1, nc: [1, 1, 1, 1] as const, nb: 1 }],
    ["FFDNet", FFDNet, { nConvLayers: 2, nf: 2 }],
    ["SRResNet", SRResNet, { numBlocks: 1, imC: 1, feats: 2, upscale: 1 }],
  ])("%s takes it", async (name, Class, small) => {
    const Network = Class as typeof DRUNet;
    const right = new Network({ ...(small as object), rng: new Rng(2) });
    const path = join(folder, `${name}.safetensors`);
    await writeSafetensors(path, right.stateDict());
    const model = await Network.create({ ...(small as object), pretrained: path });
    for (const [key, value] of right.namedParameters()) {
      expect(model.stateDict()[key]?.dataSync(), key).toEqual(value.dataSync());
    }
  });

  it("a checksum refuses other files, and another copy than that asked for is replaced", async () => {
    const wrong = "0".repeat(64);
    const refused = download(`${origin}/w.pth`, { sha256: wrong });
    await expect(refused).rejects.toMatchObject({ name: "FormatError", code: "checksum_mismatch" });
    await expect(download(join(folder, "weights"), { sha256: wrong })).rejects.toMatchObject({
      code: "checksum_mismatch",
    });
    const cache = process.env["ADJOINT_CACHE"] as string;
    expect(await readdir(cache)).toEqual([]);
    await download(`${origin}/w.pth`);
    const [copy = ""] = await readdir(cache);
    await writeFile(join(cache, copy), "damaged");
    expect(await download(`${origin}/w.pth`, { sha256: sha256.toUpperCase() })).toEqual(bytes);
    expect(asked).toHaveLength(3);
    expect(new Uint8Array(await readFile(join(cache, copy)))).toEqual(bytes);
  });

  it("cache: none keeps nothing, only never asks, refresh asks again", async () => {
    const address = `${origin}/w.pth`;
    await expect(download(address, { cache: "only" })).rejects.toMatchObject({ code: "not_downloaded" });
    await download(address, { cache: "none" });
    await expect(download(address, { cache: "only" })).rejects.toMatchObject({ code: "not_downloaded" });
    await download(address, { cache: "refresh" });
    await download(address, { cache: "refresh" });
    expect(await download(address, { cache: "only" })).toEqual(bytes);
    expect(asked).toHaveLength(3);
  });

  it("a cache that cannot be written does not matter", async () => {
    process.env["ADJOINT_CACHE"] = join(folder, "weights", "below-a-file");
    expect(await download(`${origin}/w.pth`)).toEqual(bytes);
  });

  it("tells its progress, and ends with the signal", async () => {
    const seen: { loaded: number; total: number | undefined }[] = [];
    await download(`${origin}/w.pth`, { onProgress: (state) => void seen.push(state) });
    expect(seen.at(-1)).toEqual({ loaded: bytes.length, total: bytes.length });
    const reason = new Error("enough");
    const ended = download(`${origin}/w.pth`, { cache: "none", signal: AbortSignal.abort(reason) });
    await expect(ended).rejects.toBe(reason);
    const failing = download(`${origin}/w.pth`, {
      cache: "none",
      onProgress: () => {
        throw reason;
      },
    });
    await expect(failing).rejects.toBe(reason);
  });

  it.each([
    ["a missing file", "/gone.pth", "file_not_found", /status 404/],
    ["a refusal", "/denied.pth", "file_unreadable", /status 403/],
    ["a connection that breaks", "/cut.pth", "network_failed", /cannot be downloaded/],
  ])("%s is an error with a code, and leaves no copy and no tensors", async (_, path, code, message) => {
    const before = memory().tensors;
    const call = DnCNN.create({ ...options, pretrained: `${origin}${path}` });
    await expect(call).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(memory().tensors).toBeLessThanOrEqual(before);
    expect(await readdir(process.env["ADJOINT_CACHE"] as string)).toEqual([]);
  });

  it("offline is an error with a code; a kept copy serves", async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, "127.0.0.1", resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const call = download(`http://127.0.0.1:${port}/w.pth`);
    await expect(call).rejects.toMatchObject({
      code: "network_failed",
      message: expect.stringMatching(/ECONNREFUSED/),
    });
  });

  it.each([
    ["a number", 3],
    ["an empty text", ""],
    ["what begins like an address", "http://["],
    ["an object without methods", Object.create(null)],
    ["no place", { sha256: "0".repeat(64) }],
  ])("refuses %s", async (_, pretrained) => {
    const call = loadPretrained(new DnCNN(options), pretrained as never);
    await expect(call).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it.each([
    ["an unknown option", { from: "x", checksum: "" }, "unknown_option"],
    ["a checksum that is none", { from: "x", sha256: "abc" }, "invalid_argument"],
    ["a word that is none", { from: "x", cache: "always" }, "invalid_argument"],
    ["a file that is not there", { from: "x.pth" }, "file_not_found"],
  ])("refuses %s", async (_, pretrained, code) => {
    await expect(loadPretrained(new DnCNN(options), pretrained as never)).rejects.toMatchObject({ code });
  });

  it("places that are none are refused by every function that takes one", async () => {
    for (const place of [undefined, null, 3, "", Object.create(null), "https://["]) {
      const code = "invalid_argument";
      await expect(download(place as never)).rejects.toMatchObject({ code });
      await expect(fromPretrained(place as never)).rejects.toMatchObject({ code });
    }
    for (const given of [undefined, null, 3]) {
      await expect(DnCNN.create(given as never)).rejects.toMatchObject({ name: "ArgumentError" });
    }
  });

  it("weights of another network are refused with the name of what is missing", async () => {
    const call = DnCNN.create({ ...options, depth: 3, pretrained: join(folder, "weights") });
    await expect(call).rejects.toMatchObject({ code: "missing_key", message: expect.stringMatching(/conv_list\.0/) });
  });
});

describe("folders as Hugging Face lays models out", () => {
  const card = { title: "A test", data: "none", loss: "MCLoss", physics: "Denoising | sigma 0.1" };

  it("are written and read again, with networks inside networks", async () => {
    const path = join(folder, "saved");
    const backboneNet = new DnCNN({ ...options, rng: new Rng(1) });
    const weights = new ArtifactRemoval({ backboneNet }).stateDict();
    const model = { name: "ArtifactRemoval", backboneNet: { name: "DnCNN", ...options } };
    await savePretrained(path, { model, weights, card: { ...card, metrics: { PSNR: 31.23456 } } });
    expect((await readdir(path)).sort()).toEqual(["README.md", "config.json", "model.safetensors"]);
    expect(JSON.parse(await readFile(join(path, "config.json"), "utf8"))).toEqual({
      architectures: ["ArtifactRemoval"],
      library_name: "adjoint",
      model,
    });
    const read = (await fromPretrained(path)) as ArtifactRemoval & { backboneNet: DnCNN };
    expect(read).toBeInstanceOf(ArtifactRemoval);
    expect(firstWeight(read.backboneNet)).toEqual(expected());
    expect(read.training).toBe(false);
    const text = await readFile(join(path, "README.md"), "utf8");
    expect(text).toMatch(/^---\nlibrary_name: adjoint\n/);
    for (const line of ["# A test", "| data | none |", "| loss | MCLoss |", "| PSNR | 31.235 |"])
      expect(text).toContain(line);
    expect(text).toContain("| physics | Denoising \\| sigma 0.1 |");
    expect(text).not.toMatch(/^license:/m);
  });

  it("are read from an address, and create takes their weights", async () => {
    const path = join(folder, "served");
    const weights = new DnCNN({ ...options, rng: new Rng(1) }).stateDict();
    await savePretrained(path, { model: { name: "DnCNN", ...options }, weights, card });
    expect(await readFile(join(path, "README.md"), "utf8")).toContain("Not measured");
    const files = createServer(async (request, response) => {
      response.end(await readFile(join(path, (request.url ?? "").replace("/my/net", ""))));
    });
    await new Promise<void>((resolve) => files.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(files.address() as AddressInfo).port}/my/net`;
    try {
      expect(firstWeight((await fromPretrained(address)) as DnCNN)).toEqual(expected());
      expect(firstWeight(await DnCNN.create({ ...options, pretrained: `${address}/` }))).toEqual(expected());
      expect(firstWeight(await DnCNN.create({ ...options, pretrained: path }))).toEqual(expected());
    } finally {
      files.close();
      files.closeAllConnections();
    }
  });

  it.each([
    ["no JSON", "{", "json_invalid"],
    ["a network of another library", '{ "architectures": ["BertModel"] }', "file_unsupported"],
    ["a class that is none", '{ "model": { "name": "Trainer" } }', "file_unsupported"],
    ["a name of every object", '{ "model": { "name": "constructor" } }', "file_unsupported"],
    ["the base class", '{ "model": "functional" }', "file_unsupported"],
    ["an unknown option", '{ "model": { "name": "DnCNN", "depths": 3 } }', "unknown_option"],
    ["an array", "[]", "file_unsupported"],
  ])("%s is refused", async (_, text, code) => {
    const path = await mkdtemp(join(folder, "wrong-"));
    await writeFile(join(path, "config.json"), text);
    await expect(fromPretrained(path)).rejects.toMatchObject({ code });
  });

  it.each([
    ["a network without a name", { model: {}, weights: {}, card }, "invalid_argument"],
    ["a card without a loss", { model: { name: "DnCNN" }, weights: {}, card: { title: "x" } }, "invalid_argument"],
    ["an unknown option", { model: { name: "DnCNN" }, weights: {}, card, licence: "MIT" }, "unknown_option"],
  ])("savePretrained refuses %s", async (_, content, code) => {
    await expect(savePretrained(join(folder, "never"), content as never)).rejects.toMatchObject({ code });
  });
});
