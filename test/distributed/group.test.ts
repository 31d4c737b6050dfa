import { Worker } from "node:worker_threads";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { distributed } from "../../ts/index.js";
import { compiled } from "../cli/compiled.js";

const ranks = [1, 2, 4, 8];

/** Runs `work` as each rank at the same time. */
async function onAll<T>(
  n: number,
  work: (group: distributed.Group) => Promise<T>,
  options: distributed.GroupOptions = {},
): Promise<T[]> {
  const groups = distributed.local(n, options);
  try {
    return await Promise.all(groups.map(work));
  } finally {
    for (const group of groups) group.close();
  }
}

/** Numbers whose float32 sum depends on the order. */
const values = (rank: number, length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(1 + rank * 17 + i * 0.37) * 10 ** ((rank + i) % 7));

/** The sum in a binary tree, each addition rounded to float32. */
function treeSum(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0] as Float32Array;
  const [left, right] = [treeSum(parts.slice(0, parts.length / 2)), treeSum(parts.slice(parts.length / 2))];
  return left.map((value, i) => Math.fround(value + (right[i] as number)));
}

describe.each(ranks)("a group of %d ranks", (n) => {
  it.each([0, 1, 3, 1000, 4099])("allReduce sums %d values in a binary tree, the same bits on all", async (length) => {
    const sums = await onAll(n, async (group) => {
      const own = values(group.rank, length);
      await group.allReduce(own);
      return own;
    });
    const expected = treeSum(Array.from({ length: n }, (_, rank) => values(rank, length)));
    for (const sum of sums) expect(Buffer.compare(Buffer.from(sum.buffer), Buffer.from(expected.buffer))).toBe(0);
  });

  it("parts that come at different times on each rank have the sums of allReduce", async () => {
    const lengths = [5000, 3, 0, 12_000, 4096, 1, 9000];
    const sums = await onAll(
      n,
      async (group) => {
        const own = lengths.map((length, part) => values(group.rank + 100 * part, length));
        const sum = group.partwiseSum?.();
        for (const [part, partValues] of own.entries()) {
          sum?.add(partValues);
          for (let i = 0; i < (group.rank * 7 + part * 5) % 11; i++)
            await new Promise((resolve) => setImmediate(resolve));
        }
        await sum?.end();
        // What follows is not disturbed.
        const after = new Float32Array([group.rank]);
        await group.allReduce(after);
        return [...own, after];
      },
      { overlap: true },
    );
    for (const [part, length] of lengths.entries()) {
      const expected = treeSum(Array.from({ length: n }, (_, rank) => values(rank + 100 * part, length)));
      for (const sum of sums) {
        const found = sum[part] as Float32Array;
        expect(Buffer.compare(Buffer.from(found.buffer), Buffer.from(expected.buffer))).toBe(0);
      }
    }
    for (const sum of sums) expect([...(sum.at(-1) as Float32Array)]).toEqual([(n * (n - 1)) / 2]);
  });

  it("allGather gives the bytes of all ranks in their order, of any lengths", async () => {
    const bytes = (rank: number): Uint8Array => new Uint8Array(rank * 3).fill(rank);
    const all = await onAll(n, async (group) => await group.allGather(bytes(group.rank)));
    for (const found of all) expect(found).toEqual(Array.from({ length: n }, (_, rank) => bytes(rank)));
  });

  it("broadcast gives the bytes of rank 0", async () => {
    const all = await onAll(n, async (group) => await group.broadcast(new Uint8Array([group.rank, 5, 6])));
    for (const found of all) expect(found).toEqual(new Uint8Array([0, 5, 6]));
  });

  it("a barrier ends only when all ranks are there", async () => {
    let arrived = 0;
    await onAll(n, async (group) => {
      for (let i = 0; i < group.rank; i++) await new Promise((resolve) => setImmediate(resolve));
      arrived += 1;
      await group.barrier();
      expect(arrived).toBe(n);
    });
  });
});

it.each([2, 4])("a buffer of several buckets is summed on %d ranks, the same bits on all", async (n) => {
  const length = 2 ** 20 + 4099;
  // Cheaper ones, whose sum depends on the order too.
  const many = (rank: number): Float32Array => {
    const own = new Float32Array(length);
    for (let i = 0; i < length; i++) own[i] = (i % 1013) / (rank + 3);
    return own;
  };
  const sums = await onAll(n, async (group) => {
    const own = many(group.rank);
    await group.allReduce(own);
    return own;
  });
  const expected = treeSum(Array.from({ length: n }, (_, rank) => many(rank)));
  for (const sum of sums) expect(Buffer.compare(Buffer.from(sum.buffer), Buffer.from(expected.buffer))).toBe(0);
});

describe("what goes wrong", () => {
  it("a number of ranks that is no power of two is refused", () => {
    for (const n of [3, 6, 0, -1, 1.5, Number.NaN, 1024])
      expect(() => distributed.local(n)).toThrow(expect.objectContaining({ code: "invalid_argument" }));
  });

  it("a rank that fails ends the calls of the others with its error, now and later", async () => {
    const [a, b] = distributed.local(2) as [distributed.Group, distributed.Group];
    const waiting = b.barrier();
    a.abort(new Error("no film in the camera"));
    const failed = { code: "rank_failed", message: "rank 0: no film in the camera" };
    await expect(waiting).rejects.toMatchObject(failed);
    await expect(b.barrier()).rejects.toMatchObject(failed);
  });

  it("a group has no sum in parts unless it is asked to overlap", () => {
    for (const options of [{}, { overlap: false }])
      for (const group of distributed.local(2, options)) expect(group.partwiseSum).toBeUndefined();
    expect(() => distributed.local(2, { overlap: 1 as never })).toThrow(
      expect.objectContaining({ code: "invalid_argument", message: expect.stringContaining("overlap") }),
    );
  });

  it("the end of a sum in parts tells of a rank that is lost, and nothing is said before", async () => {
    for (const n of [2, 4]) {
      const [a, ...others] = distributed.local(n, { overlap: true }) as [distributed.Group, ...distributed.Group[]];
      const sum = a.partwiseSum?.();
      sum?.add(new Float32Array(5000));
      for (const other of others) other.close();
      for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
      sum?.add(new Float32Array(5000));
      await expect(sum?.end()).rejects.toMatchObject({ code: "rank_lost" });
    }
  });

  it("a rank that leaves is lost", async () => {
    const [a, b] = distributed.local(2) as [distributed.Group, distributed.Group];
    a.close();
    await expect(b.barrier()).rejects.toMatchObject({ code: "rank_lost", message: "Group: rank 0 has ended." });
  });

  it("a rank that takes no part is waited for until the time limit", async () => {
    const [a] = distributed.local(2, { timeout: 0.05 }) as [distributed.Group];
    await expect(a.barrier()).rejects.toMatchObject({
      code: "rank_silent",
      message: expect.stringContaining("rank 1"),
    });
  });

  it("different calls are told apart", async () => {
    const [a, b] = distributed.local(2) as [distributed.Group, distributed.Group];
    const results = await Promise.allSettled([
      a.allReduce(new Float32Array(3)),
      b.allGather(new Uint8Array([1, 2, 3, 4, 5])),
    ]);
    for (const result of results) expect(result).toMatchObject({ reason: { code: "rank_mismatch" } });
  });
});

describe("ranks that are threads", () => {
  /** A thread that joins and sums its rank, or ends without. */
  const program = (work: string): string => `
    const { parentPort, workerData } = require("node:worker_threads");
    import(${JSON.stringify(pathToFileURL(compiled("node.js")).href)}).then(async ({ distributed }) => {
      const group = distributed.join(workerData);
      ${work}
    });`;
  const start = (seat: distributed.Seat, work: string): Worker =>
    new Worker(program(work), { eval: true, workerData: seat, transferList: seat.ports as never });

  it("share a sum", async () => {
    const work =
      "const v = new Float32Array([group.rank + 1]); await group.allReduce(v); parentPort.postMessage(v[0]);";
    const threads = distributed.seats(4).map((seat) => start(seat, work));
    const sums = await Promise.all(
      threads.map(
        async (thread) => await new Promise((resolve, reject) => thread.once("message", resolve).once("error", reject)),
      ),
    );
    expect(sums).toEqual([10, 10, 10, 10]);
  });

  it("see that one has ended", async () => {
    const [mine, other] = distributed.seats(2) as [distributed.Seat, distributed.Seat];
    const group = distributed.join(mine);
    const waiting = group.barrier();
    start(other, "process.exit(1);");
    await expect(waiting).rejects.toMatchObject({ code: "rank_lost" });
  });
});
