import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { failingBinding, plausibleCalls, withoutMemory } from "../../scripts/fuzz/no-memory.mjs";
import { runner } from "../../scripts/fuzz/run-call.mjs";
import { type Signature, signaturesFile } from "../../scripts/fuzz/signatures.mjs";
import * as lib from "../../ts/node.js";
import { loadNative } from "../../ts/runtime/node/add-on.js";
import * as testing from "../../ts/testing/index.js";

const all = { ...lib, testing };
const { binding, fail } = failingBinding(loadNative("cpu"));

describe("memory that ends in the middle of a call", () => {
  beforeAll(async () => await lib.init({ binding }));
  afterAll(async () => await lib.init());

  it("of every function, class and method: the error says so, and no tensor is left", async () => {
    const calls = plausibleCalls(JSON.parse(readFileSync(signaturesFile(), "utf8")) as Signature[]);
    const { prepared } = runner(all);
    const found: string[] = [];
    for (const call of calls) {
      const wrong = await withoutMemory(all, fail, call, prepared);
      if (wrong !== undefined) found.push(wrong);
    }
    expect(calls.length).toBeGreaterThan(600);
    expect(calls.some(({ asynchronous }) => asynchronous)).toBe(true);
    expect(found).toEqual([]);
  });

  it("the check can fail: what a function or a constructor leaves is found", async () => {
    class Leaking {
      readonly kept = [lib.keep(lib.ones([1])), lib.keep(lib.ones([2]))];
    }
    const leaking = () => lib.ones([3]).add(1);
    const { prepared } = runner({ ...all, Leaking, leaking });
    const outcome = async (callee: string, asynchronous = false) =>
      await withoutMemory(all, fail, { callee, args: [], asynchronous }, prepared);
    expect(await outcome("leaking")).toBe("leaking(), without memory at 2 of 2: left 1 tensors");
    expect(await outcome("leaking", true)).toBe("leaking(), without memory at 2 of 2: left 1 tensors");
    expect(await outcome("new Leaking")).toBe("new Leaking(), without memory at 2 of 2: left 1 tensors");
    expect(await outcome("noSuchThing")).toBeUndefined();
  });

  it("a network of parts that fit whose last one does not is freed, whatever was made before", () => {
    const before = lib.memory().tensors;
    for (const make of [
      () => new lib.nn.DCGANGenerator({ ngf: 1, nz: 1, nc: 1e12 }),
      () => new lib.nn.DnCNN({ nf: 1, depth: 3, outChannels: 1e12 }),
      () => new lib.nn.Sequential(new lib.nn.DnCNN({ nf: 1, depth: 3, outChannels: 1e12 })),
      () => lib.tidy(() => new lib.nn.AutoEncoder({ dimInput: 1e12, dimMid: 1, dimHid: 1 })),
    ])
      expect(make).toThrow(lib.ArgumentError);
    expect(lib.memory().tensors).toBe(before);
  });
});
