import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { arange, eye, init, linspace, nn, ones, Rng, tensor, zeros } from "../../ts/node.js";
import { inChild } from "./child.js";

const refused = (name: string) => expect.objectContaining({ name, code: "out_of_memory" });
/** KiB of address space, as `ulimit -v` takes it: Node itself takes about 1.5 million. */
const LIMIT = 4_194_304;

describe("memory of one operator", () => {
  beforeAll(async () => await init());
  afterEach(async () => await init());

  it("a stride and a border of sixteen million pixels need no memory for them", () => {
    const x = ones([1, 1, 8, 8]);
    const y = nn.functional.conv2d(x, ones([1, 1, 3, 3]), { padding: 16e6, stride: 16e6 });
    // Only the window in the middle reaches the image.
    expect(Array.from(y.dataSync())).toEqual([0, 0, 0, 0, 9, 0, 0, 0, 0]);
  });

  it("the limit of init holds for what an operator makes, and for what it takes beside that", async () => {
    await init({ memoryLimit: 1e6 });
    const x = ones([1, 1, 8, 8]);
    const long = ones([200_000]);
    const calls: readonly [string, () => unknown][] = [
      ["full", () => zeros([1000, 1000])],
      ["pad", () => x.pad([0, 0, 0, 0, 1e5, 0, 0, 0], { mode: "replicate" })],
      ["pad", () => nn.functional.avgPool2d(ones([1, 1, 300, 300]), 100, { stride: 1, padding: 50 })],
      ["interpolate", () => nn.functional.interpolate(x, { size: [20_000, 1] })],
      ["slice", () => long.slice([0], [], [2])],
      ["Rng", () => new Rng(0).normal([100_000])],
      ["arange", () => arange(200_000)],
      ["linspace", () => linspace(0, 1, 200_000)],
      ["eye", () => eye(1000)],
    ];
    for (const [name, call] of calls) {
      expect(call, name).toThrow(refused("ArgumentError"));
      expect(call, name).toThrow(
        /this needs .* of memory, more than the .* that one operator may use; make it smaller/,
      );
    }
    expect(long.mul(2).exp().sum().itemSync() / 200_000).toBeCloseTo(Math.exp(2), 3);
  });

  it("is a positive number of bytes", async () => {
    for (const memoryLimit of [0, -1, NaN, "1" as unknown as number])
      await expect(init({ memoryLimit })).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("what no machine has is refused at once", () => {
    for (const call of [() => zeros([2 ** 31, 2 ** 31]), () => ones([2 ** 53 - 1]), () => arange(2 ** 53)])
      expect(call).toThrow(expect.objectContaining({ name: "ArgumentError" }));
    expect(() => zeros(new Array<number>(33).fill(1))).toThrow("at most 32");
    let nested: unknown = 1;
    for (let i = 0; i < 100_000; i++) nested = [nested];
    expect(() => tensor(nested as number)).toThrow("nested more than 32 times");
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    expect(() => tensor(cyclic as unknown as number)).toThrow("nested more than 32 times");
  });

  it("a large tensor of one value is stored as that value", () => {
    const before = process.memoryUsage().rss;
    const x = ones([400_000_000]);
    expect(x.mul(3).add(1).slice([399_999_999]).itemSync()).toBe(4);
    expect(process.memoryUsage().rss - before).toBeLessThan(400e6);
    x.dispose();
  });

  it.runIf(process.platform === "linux" && availableParallelism() > 1)(
    "memory that a step frees is that of the next one, and the system's where there is none for two seconds",
    async () => {
      const program = `
        const x = lib.arange(5e6);
        const step = () => Array.from({ length: 24 }, () => x.mul(2)).forEach((y) => y.dispose());
        const faults = () => process.resourceUsage().minorPageFault;
        const resident = () => process.memoryUsage().rss;
        const [before, start] = [resident(), faults()];
        step();
        const first = faults();
        for (let i = 0; i < 3; i++) step();
        const later = (faults() - first) / 3;
        const kept = resident();
        await new Promise((resolve) => setTimeout(resolve, 4000));
        console.log(JSON.stringify([first - start, later, kept - before, resident() - before]));`;
      const { stdout } = await inChild(program);
      const [first = 0, later = 0, kept = 0, idle = 0] = JSON.parse(stdout) as number[];
      // 24 results of 20 MB.
      expect(kept).toBeGreaterThan(400e6);
      expect(later).toBeLessThan(first / 10);
      expect(idle).toBeLessThan(100e6);
    },
  );

  it.runIf(process.platform === "linux")(
    "what was freed is used for results of other sizes too, before the process takes more than it had",
    async () => {
      const program = `
        const [long, short] = [lib.arange(5e6), lib.arange(4e6)];
        Array.from({ length: 24 }, () => long.mul(2)).forEach((y) => y.dispose());
        const faults = () => process.resourceUsage().minorPageFault;
        // The first of them fill the quarter by which the process may exceed its peak.
        const kept = Array.from({ length: 16 }, (_, i) => {
          const start = faults();
          return [short.mul(i), faults() - start];
        });
        const value = (y, at) => y.slice([at], [at + 1]).itemSync();
        const wrong = kept.filter(([y], i) => [0, 1e6 + 3, 4e6 - 1].some((at) => value(y, at) !== Math.fround(at * i)));
        const mean = (some) => some.reduce((sum, [, count]) => sum + count, 0) / some.length;
        console.log(JSON.stringify([wrong.length, mean(kept.slice(0, 6)), mean(kept.slice(9))]));`;
      const { stdout } = await inChild(program);
      const [wrong, first = 0, later = 0] = JSON.parse(stdout) as number[];
      expect(wrong).toBe(0);
      // The shorter ones leave room for a new one now and then.
      expect(later).toBeLessThan(first / 3);
    },
  );

  it.runIf(process.platform === "linux")(
    "what a process freed long ago does not keep a later step from using its memory again",
    async () => {
      const program = `
        const results = (x, count) => Array.from({ length: count }, () => x.mul(2));
        const dispose = (all) => all.forEach((y) => y.dispose());
        const faults = () => process.resourceUsage().minorPageFault;
        const start = faults();
        dispose([4, 5, 6, 7, 8].flatMap((size) => results(lib.arange(size * 2 ** 16), 60)));
        const [all, x] = [faults() - start, lib.arange(2 ** 23)];
        for (let i = 0; i < 40; i++) dispose(results(x, 10));
        const before = faults();
        for (let i = 0; i < 10; i++) dispose(results(x, 10));
        console.log(JSON.stringify([all, (faults() - before) / 10]));`;
      const { stdout } = await inChild(program);
      const [all = 0, later = 0] = JSON.parse(stdout) as number[];
      // 450 MiB at once, of which a quarter more may be cached; then steps of 320 MiB.
      expect(later).toBeLessThan(all / 20);
    },
  );

  it.runIf(process.platform === "linux")("a process with little memory gets errors and goes on", async () => {
    const program = `
      const { ones, nn } = lib;
      const codes = [];
      const attempt = (call) => {
        try {
          call();
          codes.push("ok");
        } catch (error) {
          codes.push(error.constructor.name + " " + error.code);
        }
      };
      const x = ones([1, 1, 8, 8]);
      attempt(() => x.pad([0, 0, 0, 0, 3e8, 0, 0, 0], { mode: "replicate" }));
      attempt(() => ones([1e9]).add(lib.arange(3).reshape([3, 1])));
      const kept = [];
      // Each takes 0.4 GB, until there is no more.
      for (let i = 0; i < 12; i++) attempt(() => kept.push(ones([1e4, 1]).add(lib.arange(1e4))));
      attempt(() => x.exp());
      console.log(JSON.stringify(codes));`;
    const { code, signal, stdout } = await inChild(program, LIMIT);
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    const codes = JSON.parse(stdout) as string[];
    expect(codes.slice(0, 2).every((outcome) => outcome.endsWith("out_of_memory"))).toBe(true);
    expect(codes).toContain("DeviceError out_of_memory");
    expect(codes.at(-1)).toBe("ok");
  });

  it.runIf(process.platform === "linux")(
    "with few addresses a picture is written, and a file whose reader needs more of them is not called damaged",
    async () => {
      const folder = fileURLToPath(new URL("../formats/fixtures/arrays", import.meta.url));
      const program = `
        const [outcomes, computed] = [[], []];
        process.on("unhandledRejection", (error) => outcomes.push("unhandled " + error));
        for (const [file, dataset] of [["fastmri.h5", "kspace"], ["image3.zarr"], ["codecs3.zarr", "shards"]]) {
          const started = process.cpuUsage();
          const read = lib.io.readArray(${JSON.stringify(folder)} + "/" + file, dataset && { dataset });
          outcomes.push(await read.then(() => "read", ({ code, message }) => code + " " + message));
          const { user, system } = process.cpuUsage(started);
          computed.push((user + system) / 1e6);
        }
        const { length } = await lib.io.encodePng(lib.ones([1, 8, 8]));
        console.log(JSON.stringify({ outcomes: [...outcomes, length > 50], computed }));`;
      const { code, stdout } = await inChild(program, LIMIT);
      const text = /^out_of_memory .* WebAssembly.*ulimit -v unlimited/;
      expect(code).toBe(0);
      const refusedFiles = Array.from({ length: 3 }, () => expect.stringMatching(text) as string);
      const { outcomes, computed } = JSON.parse(stdout) as { outcomes: unknown[]; computed: [number, ...number[]] };
      expect(outcomes).toEqual([...refusedFiles, true]);
      // V8 looks for addresses only once.
      const [first, ...others] = computed;
      for (const seconds of others) expect(seconds).toBeLessThan(first / 2);
    },
  );
});
