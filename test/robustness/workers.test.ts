import { Worker } from "node:worker_threads";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { init, memory, ones } from "../../ts/node.js";
import { compiled } from "../cli/compiled.js";

/** A thread that makes tensors and says how many there are in the process; it ends by itself with `end`. */
function thread(end: boolean): Worker {
  const program = `
    const { parentPort } = require("node:worker_threads");
    import(${JSON.stringify(pathToFileURL(compiled("node.js")).href)}).then(async (lib) => {
      await lib.init();
      const x = lib.ones([1000, 100]).requiresGrad_();
      const more = Array.from({ length: 50 }, () => lib.ones([100, 100]).add(1));
      globalThis.kept = [x, x.mul(2).exp(), new lib.Rng(0), ...more];
      // A read that another thread does.
      const values = await x.data();
      parentPort.postMessage({ memory: lib.memory(), sum: values.length, handle: x.handle });
      if (!${end}) setInterval(() => {}, 1000);
    });`;
  return new Worker(program, { eval: true });
}

interface Message {
  memory: { tensors: number; bytes: number };
  sum: number;
  handle: number;
}

const message = async (worker: Worker): Promise<Message> =>
  await new Promise((resolve, reject) => worker.once("message", resolve).once("error", reject));

describe("worker threads", () => {
  beforeAll(async () => await init());

  it("a thread that ends, or is terminated, frees its tensors", async () => {
    const mine = ones([10]);
    const before = memory();
    for (const end of [true, false, false]) {
      const worker = thread(end);
      const { memory: during, sum } = await message(worker);
      expect(sum).toBe(100_000);
      expect(during.tensors).toBeGreaterThanOrEqual(before.tensors + 52);
      if (end) await new Promise((resolve) => worker.once("exit", resolve));
      else await worker.terminate();
      expect(memory()).toEqual(before);
    }
    expect(Array.from(mine.add(1).dataSync())).toEqual(new Array(10).fill(2));
  });

  it("a handle is of the thread that made it", async () => {
    const worker = thread(false);
    const other = await message(worker);
    // Both threads count from 1: the same number is another tensor here, or none.
    const mine = ones([3]);
    expect(other.memory.tensors).toBeGreaterThan(0);
    mine.dispose();
    const second = thread(false);
    const again = await message(second);
    expect(again.handle).toBe(other.handle);
    await Promise.all([worker.terminate(), second.terminate()]);
  });

  it("many threads at once", async () => {
    const before = memory();
    const workers = Array.from({ length: 4 }, () => thread(false));
    await Promise.all(workers.map(message));
    await Promise.all(workers.map(async (worker) => await worker.terminate()));
    // Less where the finalisers of earlier tests have run meanwhile.
    expect(memory().tensors).toBeLessThanOrEqual(before.tensors);
  });
});
