import { existsSync, readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { init } from "../../ts/runtime/index.js";
import { loadNative } from "../../ts/runtime/node/add-on.js";
import { processors } from "../../ts/runtime/node/processors.js";
import { startThread } from "../../ts/runtime/node/start-thread.js";
import { loadWasm } from "../../ts/runtime/web/module.js";
import type { StartThread } from "../../ts/runtime/web/thread.js";
import { ThreadPool } from "../../ts/runtime/web/thread-pool.js";
import { sharedMemory, whyOneThread } from "../../ts/runtime/web/threads.js";
import { computed, joined, threads } from "../browser/harness/threads.js";

const isBuilt = existsSync(new URL("../../dist/wasm/adjoint_wasm_threads_bg.wasm", import.meta.url));

afterEach(() => vi.restoreAllMocks());

describe("the pool of threads", () => {
  /** A pool whose workers answer as `answers` say, when they start and when they are told to leave. */
  function pool(answers: readonly string[]) {
    const log: string[] = [];
    const leave: (() => void)[] = [];
    const startThread: StartThread = (_, report) => {
      const answer = answers[leave.length] as string;
      leave.push(() => report("left"));
      queueMicrotask(() => report(answer));
      return { terminate: () => log.push("terminate"), hold: (on) => log.push(on ? "hold" : "release") };
    };
    const exports = {
      startThreads: (count: number) => log.push(`start ${count}`),
      stopThreads: () => {
        log.push("stop");
        for (const one of leave) one();
      },
    };
    const data = { module: undefined as never, memory: undefined as never };
    return { pool: new ThreadPool(data, exports, startThread), log };
  }

  it("starts a worker less than threads; a program that is done waits for none of them", async () => {
    const { pool: made, log } = pool(["ready", "ready"]);
    await made.resize(3);
    expect(made.size).toBe(3);
    expect(log).toEqual(["stop", "start 2", "release", "release"]);
    await made.resize(3);
    expect(log.length).toBe(4);
  });

  it("lets workers leave before it ends them, so that none holds the allocator's lock", async () => {
    const { pool: made, log } = pool(["ready"]);
    await made.resize(2);
    log.length = 0;
    await made.resize(1);
    expect(made.size).toBe(1);
    expect(log).toEqual(["stop", "hold", "terminate"]);
  });

  it("says why a worker does not start, and goes on with one thread", async () => {
    const { pool: made, log } = pool(["ready", "out of threads"]);
    await expect(made.resize(3)).rejects.toMatchObject({
      name: "DeviceError",
      code: "threads_failed",
      message: "init: a thread does not start (out of threads); use init({ threads: 1 }), which needs no worker.",
    });
    expect(made.size).toBe(1);
    expect(log.filter((entry) => entry === "terminate").length).toBe(2);
  });
});

it("shared memory is as large as the engine gives", () => {
  const Real = WebAssembly.Memory;
  const asked: (number | undefined)[] = [];
  vi.spyOn(WebAssembly, "Memory").mockImplementation(function (options: WebAssembly.MemoryDescriptor) {
    asked.push(options.maximum);
    if ((options.maximum ?? 0) > 300) throw new RangeError("could not allocate memory");
    return new Real(options);
  });
  expect(sharedMemory({ initial: 20, maximum: 1000 }).buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(asked).toEqual([1000, 500, 250]);
  expect(() => sharedMemory({ initial: 400, maximum: 1000 })).toThrow(RangeError);
});

describe("init({ threads })", () => {
  it.each([0, 1.5, 257, "all"])("%s is no number of threads", async (count) => {
    await expect(init({ threads: count as number })).rejects.toMatchObject({ code: "invalid_argument" });
  });

  it("the add-on has its threads: one line says so where another number is asked for", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    await init({ threads: "auto" });
    expect(warn).not.toHaveBeenCalled();
    await init({ threads: 97 });
    expect(warn.mock.calls).toEqual([
      [
        `adjoint: the add-on computes with ${processors()} threads, not 97; set the environment variable ` +
          "RAYON_NUM_THREADS=97, or use the WebAssembly module.",
      ],
    ]);
  });
});

const missing = isBuilt ? whyOneThread() : "npm run build:wasm -- --threads was not run";

if (missing !== undefined) it.skip(`threads of the module in Node: ${missing}`, () => undefined);
else
  describe("threads of the module in Node", () => {
    /** Starts a module of dist/wasm with as many threads. */
    async function start(name: string, count: number): Promise<void> {
      const bytes = readFileSync(new URL(`../../dist/wasm/${name}_bg.wasm`, import.meta.url));
      const binding = await loadWasm(bytes, { device: "cpu", threads: count }, startThread);
      await init({ binding, threads: count });
    }
    let one: number[];
    beforeAll(async () => {
      await start("adjoint_wasm_relaxed", 1);
      one = computed();
    });
    afterAll(async () => {
      await init({ threads: 1 });
      await init({ binding: loadNative("cpu"), threads: processors() });
    });

    it.each([2, 4])("%d threads give the bits of one", async (count) => {
      await start("adjoint_wasm_threads", count);
      expect(threads()).toBe(count);
      expect(computed()).toEqual(one);
      expect(await joined()).toBeGreaterThan(0);
    });
  });
