import { describe, expect, it } from "vitest";
import { checkFlag, checkNumber, checkOptions, nearest, requiredNumber } from "../../ts/runtime/index.js";

describe("checkOptions", () => {
  it("names the nearest valid key", () => {
    expect(() => checkOptions("Adam", { LR: 1 }, ["lr", "betas"])).toThrow(
      'Adam: unknown option "LR"; did you mean "lr"? Valid options: lr, betas.',
    );
    expect(() => checkOptions("Relu", { lr: 1 }, [])).toThrow('Relu: unknown option "lr"; no options are accepted.');
    expect(nearest("sigmma", ["gain", "sigma"])).toBe("sigma");
    expect(nearest("sigma", [])).toBeUndefined();
  });

  it("refuses options that are not an object, and an rng that is not a stream", () => {
    for (const options of [null, 3, ["lr"]]) {
      expect(() => checkOptions("Adam", options as never, ["lr"])).toThrow("expected an object.");
    }
    expect(() => checkOptions("Loss", { rng: 3 }, ["rng"])).toThrow("Loss: rng is 3, expected a random stream");
  });
});

describe("checkNumber", () => {
  it("returns a valid number, and says what it expects otherwise", () => {
    expect(checkNumber("Adam", "lr", 0.1, { positive: true })).toBe(0.1);
    expect(() => checkNumber("Adam", "lr", 0, { positive: true })).toThrow(
      "Adam: lr is 0, expected a finite number, above 0.",
    );
    expect(() => checkNumber("Blur", "size", 2.5, { integer: true, min: 1, max: 9 })).toThrow(
      "Blur: size is 2.5, expected a whole number, at least 1, at most 9.",
    );
    for (const value of [NaN, Infinity, "1", null, [1], undefined]) {
      expect(() => checkNumber("Adam", "lr", value)).toThrow("expected a finite number.");
    }
  });

  it("requiredNumber says what is missing", () => {
    expect(() => requiredNumber("StepLR", "stepSize", undefined, "the number of epochs", {})).toThrow(
      expect.objectContaining({
        code: "missing_argument",
        message: "StepLR: stepSize is missing; it is the number of epochs.",
      }),
    );
  });
});

it("checkFlag returns the default of a missing flag, and refuses what is not a boolean", () => {
  expect(checkFlag("Loss", "unsure", undefined, true)).toBe(true);
  expect(checkFlag("Loss", "unsure", false, true)).toBe(false);
  expect(() => checkFlag("Loss", "unsure", 1, false)).toThrow("Loss: unsure is 1, expected true or false.");
});
