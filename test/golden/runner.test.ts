import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { init } from "../../ts/runtime/index.js";
import { parseCase, type GoldenCase, type Values } from "./format.js";
import { FAMILIES, familyOf, runCase } from "./run-case.js";
import { directory, judge, listCases, readValues, setting } from "./suite.js";

/** Two images of four pixels whose mean squared errors are 1 and 4. */
const golden: GoldenCase = {
  name: "made_up",
  group: "metric",
  class: "MSE",
  params: {},
  inputs: { xNet: "a", x: "b" },
  draws: [],
  mode: "eval",
  expected: { value: "expected.value", grads: { xNet: "grad.xNet" } },
  tolerance: { rtol: 1e-4, perTensorAtol: { "expected.value": 1e-5, "grad.xNet": 1e-5 } },
};

function values(change: Record<string, Values | undefined> = {}): Map<string, Values> {
  const of = (shape: number[], ...data: number[]): Values => ({ shape, data: Float64Array.from(data) });
  const all: Record<string, Values | undefined> = {
    a: of([2, 1, 2, 2], 1, 1, 1, 1, 2, 2, 2, 2),
    b: of([2, 1, 2, 2], 0, 0, 0, 0, 0, 0, 0, 0),
    "expected.value": of([2], 1, 4),
    "grad.xNet": of([2, 1, 2, 2], 0.25, 0.25, 0.25, 0.25, 0.5, 0.5, 0.5, 0.5),
    ...change,
  };
  return new Map(Object.entries(all).filter((entry): entry is [string, Values] => entry[1] !== undefined));
}

const run = (change: Partial<GoldenCase>, data = values()) => runCase({ ...golden, ...change }, data, setting);

describe("the golden runner", () => {
  beforeAll(() => init({ device: setting.device }));

  it("accepts a case that is right", async () => {
    await run({});
  });

  it("refuses a corrupted value, gradient and shape", async () => {
    const value = { shape: [2], data: Float64Array.of(1, 4.01) };
    await expect(run({}, values({ "expected.value": value }))).rejects.toThrow(
      /^made_up: value is wrong in 1 of 2 entries; worst: entry 1/,
    );
    const gradient = { shape: [2, 1, 2, 2], data: new Float64Array(8).fill(0.25) };
    await expect(run({}, values({ "grad.xNet": gradient }))).rejects.toThrow(
      /^made_up: gradient of xNet is wrong in 4 of 8/,
    );
    const shape = { shape: [1, 2], data: Float64Array.of(1, 4) };
    await expect(run({}, values({ "expected.value": shape }))).rejects.toThrow(
      "made_up: value has shape [2], expected [1, 2]",
    );
  });

  it("refuses values that are not numbers", async () => {
    const value = { shape: [2], data: Float64Array.of(1, NaN) };
    await expect(run({}, values({ "expected.value": value }))).rejects.toThrow("made_up: value is wrong");
  });

  it("accepts a difference within the tolerance and refuses one beyond it", async () => {
    const with_ = (v: number) => values({ "expected.value": { shape: [2], data: Float64Array.of(1, v) } });
    await run({}, with_(4 + 4e-4));
    await expect(run({}, with_(4 + 4.2e-4))).rejects.toThrow("is wrong");
  });

  it("refuses a missing tensor, tolerance, input, output and gradient", async () => {
    await expect(run({}, values({ "expected.value": undefined }))).rejects.toThrow(
      'made_up: the case names the tensor "expected.value"',
    );
    await expect(run({}, values({ a: undefined }))).rejects.toThrow('made_up: the case names the tensor "a"');
    await expect(run({ tolerance: { rtol: 1, perTensorAtol: {} } })).rejects.toThrow(
      'made_up: value: the case gives no tolerance for "expected.value"',
    );
    await expect(run({ inputs: { x: "b" } })).rejects.toThrow('made_up: the case has no input tensor "xNet"');
    await expect(run({ expected: { value: "expected.value", outputs: { odd: "a" } } })).rejects.toThrow(
      'made_up: nothing computes the output "odd"',
    );
    await expect(run({ expected: { value: "expected.value", grads: { odd: "a" } } })).rejects.toThrow(
      'made_up: nothing takes the gradient with respect to "odd"',
    );
  });

  it("refuses an unknown class and an unknown group by the name of the case", async () => {
    await expect(run({ class: "MSEE" })).rejects.toThrow('made_up: the library has no class "MSEE"');
    await expect(run({ group: "sundial" })).rejects.toThrow('made_up: nothing runs cases of the group "sundial" yet');
  });

  it("refuses a draw that no one takes", async () => {
    const noise = {
      ...golden,
      group: "physics",
      class: "GaussianNoise",
      inputs: { x: "a" },
      expected: {},
      draws: [0, 1].map(() => ({ kind: "normal", tensor: "a" })),
    };
    await expect(runCase(noise, values(), setting)).rejects.toThrow();
  });

  it("runs a loss of a given reconstruction", async () => {
    await run({ group: "loss", class: "SupLoss", mode: "train" });
  });

  it("refuses JSON that is no case", () => {
    expect(() => parseCase("{", "x.json")).toThrow("x.json: not JSON");
    expect(() => parseCase("{}", "x.json")).toThrow('x.json: the case has no "name"');
  });

  it("wants a pending case to fail and any other to pass", async () => {
    const passes = () => Promise.resolve();
    const fails = () => Promise.reject(new Error("no such class"));
    await judge("a", new Set(), passes);
    await judge("a", new Set(["a"]), fails);
    await expect(judge("a", new Set(), fails)).rejects.toThrow("no such class");
    await expect(judge("a", new Set(["a"]), passes)).rejects.toThrow("a: passes now; take it out of pending.txt");
  });

  describe("on a directory", () => {
    const folder = mkdtempSync(join(tmpdir(), "golden-"));
    afterAll(() => rmSync(folder, { recursive: true }));

    it("has a kind for every case", () => {
      const names = listCases(directory).filter(
        ({ golden: { group }, golden: g }) => !(FAMILIES as readonly string[]).includes(familyOf(g)) || group === "",
      );
      expect(names.map((file) => file.golden.name)).toEqual([]);
    });

    it("notices a changed file", async () => {
      const first = listCases(directory).find(
        ({ golden: { group, draws } }) => group === "metric" && draws.length === 0,
      );
      if (!first) return;
      const { name } = first.golden;
      cpSync(first.path, join(folder, `${name}.json`));
      cpSync(first.path.replace(/json$/, "safetensors"), join(folder, `${name}.safetensors`));
      const [copy] = listCases(folder);
      if (!copy) throw new Error("the copied case is not listed");
      await runCase(copy.golden, readValues(copy), setting);
      writeFileSync(copy.path, JSON.stringify({ ...copy.golden, class: "LpNorm", params: { p: 7 } }));
      const [changed] = listCases(folder);
      if (!changed) throw new Error("the changed case is not listed");
      await expect(runCase(changed.golden, readValues(changed), setting)).rejects.toThrow(name);
    });

    it("says so where the directory does not exist", () => {
      expect(() => listCases(join(folder, "nowhere"))).toThrow("does not exist");
    });
  });
});
