import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { parseCall } from "../../scripts/fuzz/parse-call.mjs";
import { runner } from "../../scripts/fuzz/run-call.mjs";
import * as lib from "../../ts/node.js";
import * as testing from "../../ts/testing/index.js";

const calls = readFileSync(new URL("corpus.txt", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line !== "" && !line.startsWith("#"));

describe("past findings", () => {
  beforeAll(async () => await lib.init({ memoryLimit: 2 ** 28 }));

  it("each ends with a value or an AdjointError, and a failed call leaves no tensor", async () => {
    const { run } = runner({ ...lib, testing });
    const found: string[] = [];
    for (const source of calls) {
      const reason = await run({ ...parseCall(source), asynchronous: /^(?:io|train)\./.test(source) });
      if (reason !== undefined && !reason.startsWith("took")) found.push(`${source}: ${reason}`);
    }
    expect(calls.length).toBeGreaterThan(50);
    expect(found).toEqual([]);
  });

  it("the check can fail: raw errors, faults of the library and tensors that are left are findings", async () => {
    const raw = () => {
      throw new TypeError("raw");
    };
    const leaking = () => {
      lib.ones([3]);
      throw new lib.ArgumentError("leaking: no.", "invalid_argument");
    };
    const { run } = runner({ ...lib, raw, leaking });
    expect(await run({ callee: "raw", args: [] })).toBe("TypeError: raw");
    expect(await run({ callee: "leaking", args: [] })).toBe("a failed call left 1 tensors");
    expect(await run({ callee: "failing", args: [] })).toBeUndefined();
    expect(await run({ callee: "ones", args: ["[2]"] })).toBeUndefined();
  });
});
