import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { exportsOf } from "./exports.js";

const root = fileURLToPath(new URL("../../ts", import.meta.url));

describe("the reference", () => {
  it("has a comment for every export of the library", () => {
    const found = ["index.ts", "testing/index.ts"].flatMap((file) => exportsOf(join(root, file)));
    expect(found.length).toBeGreaterThan(400);
    const missing = found.filter(({ documented }) => !documented);
    expect(missing.map(({ file, name }) => `${relative(root, file).split(sep).join("/")}: ${name}`)).toEqual([]);
  });
});

it.skip("the site in a browser: npm run docs -- --test builds it, with packages of its own, and tests it", () =>
  undefined);
