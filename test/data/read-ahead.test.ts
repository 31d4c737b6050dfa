import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import {
  DataLoader,
  ImageFolder,
  MeasuredDataset,
  MeasurementFolder,
  Normalized,
  PatchDataset,
  UnclippedDataset,
} from "../../ts/data/index.js";
import { writeImage } from "../../ts/io/index.js";
import { PageAhead } from "../../ts/io/page-ahead.js";
import { PageReader } from "../../ts/io/page-reader.js";
import { readAhead } from "../../ts/io/reader-pool.js";
import { Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { nodePlatform } from "../../ts/runtime/node/index.js";
import { memory, zeros } from "../../ts/tensor/index.js";
import { collectGarbage } from "../train/garbage.js";
import { noting } from "./noting.js";

const package_ = new URL("../../dist/node.js", import.meta.url).href;
let parent: string;
let folder: string;
beforeAll(async () => {
  await init();
  parent = await mkdtemp(join(tmpdir(), "adjoint-ahead-"));
  folder = join(parent, "images");
  await mkdir(folder);
  for (let i = 0; i < 6; i++) await writeImage(join(folder, `${i}.png`), new Rng(i).uniform([1, 3, 40, 48]));
  await writeImage(join(folder, "stack.tif"), new Rng(9).uniform([3, 1, 40, 48]));
});
afterAll(async () => await rm(parent, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Waits for other threads. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** The values of all batches of some epochs. */
async function batches(loader: DataLoader, epochs = 2): Promise<number[][]> {
  const all: number[][] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    for await (const batch of loader) {
      all.push([...loader.indices, ...(await batch.x!.data())]);
      batch.x!.dispose();
    }
  }
  return all;
}

const open = async (cacheBytes = 0) => await ImageFolder.open({ path: folder, channels: "grey", size: 32, cacheBytes });

it("gives the same bits with any number of threads, which read what comes next", async () => {
  const start = vi.spyOn(nodePlatform, "startReader");
  const take = vi.spyOn(PageAhead.prototype, "take");
  const found: number[][][] = [];
  for (const [workers, cacheBytes] of [[0], [1], [3], [undefined], [1, 3 * 4 * 32 * 32], [1, 2 ** 30]]) {
    const dataset = new PatchDataset({ dataset: await open(cacheBytes), size: 16, length: 23, augment: true });
    const given = workers === undefined ? {} : { workers };
    const loader = new DataLoader({ dataset, batchSize: 4, shuffle: true, rng: new Rng(3), ...given });
    found.push(await batches(loader));
    if (workers === 0) expect(take).not.toHaveBeenCalled();
  }
  for (const other of found) expect(other).toEqual(found[0]);
  expect(start).toHaveBeenCalledTimes(3);
});

it("reads the next batch while the program does something else", async () => {
  const loader = new DataLoader({
    dataset: await MeasurementFolder.open({ path: folder, channels: "grey" }),
    workers: 1,
  });
  const given = vi.spyOn(PageAhead.prototype, "answer");
  const read = vi.spyOn(PageReader.prototype, "read");
  (await loader.next())!.y!.dispose();
  await until(() => given.mock.contexts.some((page) => (page as PageAhead).place.path.endsWith("1.png")));
  read.mockClear();
  (await loader.next({ ahead: 0 }))!.y!.dispose();
  expect(read).not.toHaveBeenCalled();
  loader.dispose();
});

it("meets the error of a file where it is used, as without threads, and goes on", async () => {
  const bad = join(parent, "bad");
  await mkdir(bad);
  for (let i = 0; i < 4; i++) await writeImage(join(bad, `${i}.png`), new Rng(i).uniform([1, 1, 16, 16]));
  const images = await ImageFolder.open({ path: bad, cacheBytes: 0 });
  await truncate(join(bad, "2.png"), 90);
  const errors: unknown[] = [];
  for (const workers of [0, 1, 2]) {
    const before = memory();
    const loader = new DataLoader({ dataset: images, workers });
    for (let i = 0; i < 2; i++) (await loader.next())!.x!.dispose();
    const error = await loader.next().catch((thrown: unknown) => thrown);
    errors.push([(error as Error).constructor, (error as { code: string }).code, (error as Error).message]);
    expect(await loader.next().catch(String)).toBe(String(error));
    loader.skip();
    (await loader.next())!.x!.dispose();
    expect(memory()).toEqual(before);
  }
  expect(errors[0]).toMatchObject([expect.anything(), "image_invalid", expect.stringContaining("2.png")]);
  expect(errors[1]).toEqual(errors[0]);
  expect(errors[2]).toEqual(errors[0]);
});

it("pauses the threads at 256 MiB that are not freed", async () => {
  const path = join(parent, "large.npy");
  const side = 4096;
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${side}, ${side}), }`.padEnd(117) + "\n";
  await writeFile(
    path,
    Buffer.concat([Buffer.from("\x93NUMPY\x01\0", "latin1"), Buffer.from([118, 0]), Buffer.from(text)]),
  );
  await truncate(path, 128 + 4 * side * side);
  const given = vi.spyOn(PageAhead.prototype, "answer");
  const pages = Array.from({ length: 7 }, () => {
    return readAhead({ path, page: 0, stack: false, options: {} }, 1) as PageAhead;
  });
  // 64 MiB each: the fifth is begun at 256 MiB, the sixth not at 320.
  await until(() => given.mock.calls.length === 5);
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(pages.map(({ isFree }) => isFree)).toEqual([false, false, false, false, false, true, true]);
  for (const page of pages.slice(0, 2)) page.release();
  await until(() => given.mock.calls.length === 7);
  expect((await pages[6]!.take())!.shape).toEqual([1, side, side]);
  for (const page of pages) page.release();
  // Given up while they are read: 384 MiB in all.
  for (let i = 0; i < 6; i++) {
    const page = readAhead({ path, page: 0, stack: false, options: {} }, 1) as PageAhead;
    await until(() => !page.isFree);
    page.release();
  }
  const last = readAhead({ path, page: 0, stack: false, options: {} }, 1) as PageAhead;
  await until(() => !last.isFree);
  expect((await last.take())!.shape).toEqual([1, side, side]);
  last.release();
});

it("reads an image once for all who asked for it, and none that is kept", async () => {
  const images = await open();
  const [first, second] = [images.prefetch(0, { workers: 1 })!, images.prefetch(0, { workers: 1 })!];
  const take = vi.spyOn(PageAhead.prototype, "take");
  first();
  const [one, other] = [await images.pixels(0), await images.pixels(0)];
  expect(other).toBe(one);
  expect(take).toHaveBeenCalledTimes(1);
  second();
  expect(await images.pixels(0)).not.toBe(one);
  expect(take).toHaveBeenCalledTimes(1);
  expect(images.prefetch(99)).toBeUndefined();
  const kept = await open(2 ** 30);
  await kept.pixels(0);
  expect(kept.prefetch(0)).toBeUndefined();
});

describe("DataLoader", () => {
  const samples = (length: number) => noting(length, () => ({ x: zeros([1]) }));

  it("asks for this batch and the next, once, and frees every example once", async () => {
    const { dataset, open, asked, openAtRead } = samples(7);
    const loader = new DataLoader({ dataset, batchSize: 2 });
    await loader.next();
    expect([asked, open]).toEqual([
      [0, 1, 2, 3],
      [2, 3],
    ]);
    expect(openAtRead).toEqual([
      [0, 1, 2, 3],
      [1, 2, 3],
    ]);
    await loader.next();
    expect([asked, open]).toEqual([
      [0, 1, 2, 3, 4, 5],
      [4, 5],
    ]);
    await loader.next();
    await loader.next();
    expect([asked, open]).toEqual([[0, 1, 2, 3, 4, 5, 6], []]);
    await loader.next();
    await loader.next();
    loader.dispose();
    expect(open).toEqual([]);
    await loader.next();
    expect([asked.slice(11), open]).toEqual([
      [2, 3, 4, 5],
      [4, 5],
    ]);
    loader.reset();
    expect(open).toEqual([]);
  });

  it("asks for the batch that comes, and gives up those that do not", async () => {
    const { dataset, open, asked } = samples(9);
    const loader = new DataLoader({ dataset, rng: new Rng(0) });
    const begin = loader.state();
    await loader.next({ ahead: 3 });
    expect(open).toEqual([3]);
    loader.skip();
    loader.skip();
    expect(open).toEqual([3]);
    await loader.next({ ahead: 0 });
    expect([asked, open]).toEqual([[0, 3], []]);
    await loader.next();
    loader.skip();
    expect([asked, open]).toEqual([[0, 3, 4, 5], []]);
    await loader.next();
    await loader.loadState(begin);
    expect(open).toEqual([]);
    await expect(loader.next({ ahead: -1 })).rejects.toMatchObject({ code: "invalid_argument" });
    const other = loader.withDataset(dataset);
    await other.next();
    expect(open).toEqual([1]);
    const none = new DataLoader({ dataset, workers: 0 });
    await none.withDataset(dataset).next();
    expect(open).toEqual([1]);
    for (const workers of [-1, 0.5, 65, "1" as never])
      expect(() => new DataLoader({ dataset, workers })).toThrow(/DataLoader: workers/);
  });

  it("frees what was read for a batch that fails, and asks again", async () => {
    const { dataset, open, asked } = samples(4);
    let fails = true;
    const get = (index: number) => {
      if (index === 1 && fails) throw new Error("fails");
      return dataset.get(index);
    };
    const loader = new DataLoader({ dataset: { ...dataset, get }, batchSize: 2 });
    await expect(loader.next()).rejects.toThrow("fails");
    expect([asked, open]).toEqual([
      [0, 1, 2, 3],
      [2, 3],
    ]);
    fails = false;
    await loader.next();
    expect([asked, open]).toEqual([
      [0, 1, 2, 3, 0, 1],
      [2, 3],
    ]);
  });

  it("frees what was read ahead when it is dropped in the middle of an epoch", async () => {
    const { dataset, open } = samples(4);
    await (async () => await new DataLoader({ dataset }).next())();
    expect(open).toEqual([1]);
    for (let i = 0; i < 50 && open.length > 0; i++) await collectGarbage();
    expect(open).toEqual([]);
  });

  it("is forwarded by the datasets that change samples", async () => {
    const { dataset, asked } = samples(5);
    const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
    const { noiseModel } = physics;
    new PatchDataset({ dataset, size: 2, length: 9 }).prefetch(7)?.();
    new MeasuredDataset({ dataset, physics }).prefetch(3)?.();
    new Normalized({ dataset, physics }).prefetch(4)?.();
    new UnclippedDataset({ dataset, noiseModel }).prefetch(1)?.();
    expect(asked).toEqual([2, 3, 4, 1]);
    const plain = { length: 5, get: () => ({ x: zeros([1, 2, 2]) }), prefetch: 1 as never };
    expect(new PatchDataset({ dataset: plain, size: 2 }).prefetch(0)).toBeUndefined();
    expect(await new DataLoader({ dataset: plain, workers: 1 }).next()).toBeDefined();
  });
});

describe("threads", () => {
  /** A pool of its own. */
  async function fresh(): Promise<typeof readAhead> {
    vi.resetModules();
    return (await import("../../ts/io/reader-pool.js")).readAhead;
  }
  const place = () => ({ path: join(folder, "0.png"), page: 0, stack: false, options: {} });

  it("that do not start leave the reading to the caller, with a warning where they were asked for", async () => {
    for (const workers of [undefined, 2]) {
      const own = await fresh();
      const { nodePlatform: of } = await import("../../ts/runtime/node/index.js");
      const start = vi.spyOn(of, "startReader").mockImplementation(() => {
        throw new Error("no threads here");
      });
      const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
      for (let i = 0; i < 2; i++) {
        const page = own(place(), workers);
        await new Promise((resolve) => setTimeout(resolve, 20));
        expect(await page.take()).toBeUndefined();
      }
      expect(start).toHaveBeenCalledTimes(1);
      const lines = workers === undefined ? [] : [["adjoint: no thread reads ahead: no threads here."]];
      expect(warn.mock.calls).toEqual(lines);
      vi.restoreAllMocks();
    }
  });

  it("that end leave what they were reading to the caller; idle ones are ended", async () => {
    const own = await fresh();
    const { nodePlatform: of } = await import("../../ts/runtime/node/index.js");
    const thread = { post: vi.fn(), hold: vi.fn(), end: vi.fn() };
    const start = vi.spyOn(of, "startReader").mockReturnValue(thread);
    own(place(), 1).release();
    await new Promise((resolve) => setTimeout(resolve, 20));
    // A thread that has just started keeps no program running.
    expect(thread.hold.mock.calls).toEqual([[false]]);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const given = own(place(), 1);
    expect(thread.post).toHaveBeenCalledTimes(1);
    given.release();
    vi.advanceTimersByTime(4_000);
    const [page, other] = [own(place(), 1) as PageAhead, own(place(), 1)];
    vi.advanceTimersByTime(10_000);
    expect(thread.end).not.toHaveBeenCalled();
    // What a thread does that begins to read.
    Atomics.store(page.reader, 0, 2);
    const taken = page.take();
    expect(thread.hold.mock.lastCall).toEqual([true]);
    start.mock.calls[0]![1].onEnd("lost");
    expect(await taken).toBeUndefined();
    expect(thread.hold.mock.lastCall).toEqual([false]);
    expect(await other.take()).toBeUndefined();
    vi.advanceTimersByTime(6_000);
    expect(thread.end).toHaveBeenCalledTimes(1);
  });

  it.each(["", "throw new Error('ends');"])("do not keep a program running (%s)", async (end) => {
    const program = `
      const { data, init } = await import(${JSON.stringify(package_)});
      await init();
      const dataset = await data.ImageFolder.open({ path: ${JSON.stringify(folder)}, channels: "grey", cacheBytes: 0 });
      const loader = new data.DataLoader({ dataset, batchSize: 3, workers: 2 });
      for (let i = 0; i < 2; i++) await loader.next();
      console.log("read", (await loader.next()).x.shape.join());
      ${end}`;
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], { timeout: 60_000 });
    const { stdout, code = 0 } = (await run.catch((error: unknown) => error)) as { stdout: string; code?: number };
    expect([stdout.trim(), code]).toEqual(["read 3,1,40,48", end === "" ? 0 : 1]);
  });
});
