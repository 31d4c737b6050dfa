import { expect, it, vi } from "vitest";
import { binding, init } from "../../ts/runtime/index.js";
import { operators, tensor } from "../../ts/tensor/index.js";
import { chosenDevices, eachDevice } from "../devices.js";
import { mustAgree } from "./check.js";
import { deviceChecks } from "./checks.js";
import { operatorChecks } from "./operators.js";

await eachDevice("device", () => {
  for (const { name, run } of deviceChecks) it(name, run);
});

/** The codes of the operators that are called. */
async function called(work: () => unknown): Promise<Set<number>> {
  const codes = new Set<number>();
  const current = binding();
  const { apply, applyOne } = current;
  const all = vi.spyOn(current, "apply").mockImplementation((op, ...rest) => (codes.add(op), apply(op, ...rest)));
  current.applyOne = applyOne && ((op, ...rest) => (codes.add(op), applyOne(op, ...rest)));
  try {
    await work();
  } finally {
    all.mockRestore();
    if (applyOne) current.applyOne = applyOne;
  }
  return codes;
}

it("the checks call every operator of the table but the change of element type, which GPUs do not have", async () => {
  await init();
  const codes = await called(async () => {
    for (const { run } of operatorChecks) await run();
  });
  const [cast] = await called(() => tensor([1]).to("float64"));
  const missing = Object.keys(operators)
    .map((_, code) => code)
    .filter((code) => !codes.has(code));
  expect(missing).toEqual([cast]);
});

it("a check refuses what is wrong by more than its tolerance, NaN, and other numbers of results", () => {
  const list = (...values: number[]) => [{ label: "value", data: Float64Array.from(values) }];
  mustAgree(list(1, 100.004), list(1, 100), 5e-5);
  // TF32 rounds to 11 bits: an error of up to 2^-11.
  for (const wrong of [list(1, 100 * (1 + 2 ** -12)), list(NaN, 100), list(1), []])
    expect(() => mustAgree(wrong, list(1, 100), 5e-5)).toThrow();
});

it("ADJOINT_DEVICES lists the devices that are tested", () => {
  expect(chosenDevices("")).toEqual(["cpu", "webgpu", "cuda"]);
  expect(chosenDevices("cuda, cpu")).toEqual(["cuda", "cpu"]);
  expect(() => chosenDevices("gpu")).toThrow("names gpu");
});
