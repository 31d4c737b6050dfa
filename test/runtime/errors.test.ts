import { expect, it } from "vitest";
import * as errors from "../../ts/index.js";

it.each(["AdjointError", "ShapeError", "DeviceError", "DTypeError", "ArgumentError", "FormatError"] as const)(
  "%s has its name also where a bundler shortened that of the class",
  (name) => {
    const Original: typeof errors.AdjointError = errors[name];
    const Shortened = class extends Original {};
    expect(new Shortened("text").name).toBe(name);
    expect(new Original("text", "a_code")).toMatchObject({ message: "text", code: "a_code" });
    expect(String(new Original("text"))).toBe(`${name}: text`);
  },
);
