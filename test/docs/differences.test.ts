import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(`${root}docs/differences-from-deepinv.md`, "utf8");

/** The cells of each row; a bar within a cell is written with a backslash. */
const rows = [...page.matchAll(/^\| (.*) \|$/gm)]
  .map(([, row]) => (row as string).split(/(?<!\\) \| /))
  .filter(([first]) => first !== "where" && first !== "---");

/** What a row gives as proof: a file, and names of tests in it. */
const proofs = rows.flatMap(([where = "", , , , proof = ""]) =>
  proof.split(/; (?=`)/).map((part) => ({
    where,
    file: /`(test\/[^`]+)`/.exec(part)?.[1] ?? "",
    names: [...part.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, name]) => name as string),
  })),
);

describe("docs/differences-from-deepinv.md", () => {
  it("has the same five cells in every row", () => {
    expect(rows.length).toBeGreaterThan(40);
    for (const row of rows) expect(row, row[0]).toHaveLength(5);
  });

  it.each(proofs)("$where: $file exists and has the tests that are named", ({ file, names }) => {
    expect(file).not.toBe("");
    expect(existsSync(root + file), file).toBe(true);
    if (file.endsWith(".json")) return;
    expect(names.length).toBeGreaterThan(0);
    const text = readFileSync(root + file, "utf8");
    // A test is named by a literal of its own, a row of `it.each`, a case of the golden quirks or a
    // comment of the form `@ts-expect-error`.
    for (const name of names) {
      const literal = [`"${name}"`, `("${name}`, `["${name}`, `  ${name}: `, `@ts-expect-error ${name}\n`];
      expect(
        literal.some((form) => text.includes(form)),
        `${file}: "${name}"`,
      ).toBe(true);
    }
  });
});
