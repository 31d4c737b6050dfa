import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { exportsOf } from "../docs/exports.js";

const folder = fileURLToPath(new URL("../../dist/site/reference", import.meta.url));
const kinds = ["classes", "functions", "interfaces", "types", "variables"];

it("the reference has a page for every export", () => {
  const files = kinds.flatMap((kind) => readdirSync(`${folder}/${kind}`));
  const pages = new Set(files.map((file) => /(\w+)\.html$/.exec(file)?.[1]));
  for (const entry of ["index.ts", "testing/index.ts"]) {
    const names = exportsOf(fileURLToPath(new URL(`../../ts/${entry}`, import.meta.url))).map(({ as }) => as);
    expect(names.length).toBeGreaterThan(5);
    expect(names.filter((name) => !pages.has(name))).toEqual([]);
  }
});
