import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = await readFile(join(root, "docs/differences-from-deepinv.md"), "utf8");
const pending = (await readFile(join(root, "test/golden/pending.txt"), "utf8")).split("\n");

/** The cells of each row; a bar within a cell is written with a backslash. */
const rows = [...page.matchAll(/^\| (.*) \|$/gm)]
  .map(([, row]) => (row as string).split(/(?<!\\) \| /))
  .filter(([first]) => first !== "where" && !first?.startsWith("---"));

/** The proof of each row: files, and titles of tests in them. */
const proofs = rows.flatMap(([where = "", , , , proof = ""]) =>
  proof.split(/; (?=`)/).map((part) => {
    const titles = [...part.matchAll(/"([^"]*)"/g)].map(([, title]) => title as string);
    return [where, /`(test\/[^`]+)`/.exec(part)?.[1] ?? "", titles] as const;
  }),
);

/** The full titles of the tests that Vitest collects from some files. Skipped tests are not among them. */
async function collect(files: readonly string[]): Promise<Map<string, string[]>> {
  const folder = await mkdtemp(join(tmpdir(), "adjoint-differences-"));
  try {
    const [vitest, json] = [join(root, "node_modules/vitest/vitest.mjs"), join(folder, "tests.json")];
    // One process without isolation loads the library once for all files.
    const options = ["--isolate=false", "--maxWorkers=1", `--json=${json}`];
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !/^(VITEST|ADJOINT_)/.test(key)));
    await promisify(execFile)(process.execPath, [vitest, "list", ...files, ...options], { cwd: root, env });
    const tests = JSON.parse(await readFile(json, "utf8")) as { file: string; name: string }[];
    const titles = new Map<string, string[]>();
    for (const { file, name } of tests) {
      const path = relative(root, file).replaceAll("\\", "/");
      titles.set(path, [...(titles.get(path) ?? []), name]);
    }
    return titles;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Whether a full title `suite > ... > test` contains a title as whole parts; `*` stands for any text. */
function matches(full: string, title: string): boolean {
  const pattern = title
    .split("*")
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(".*");
  return new RegExp(` > ${pattern} > `).test(` > ${full} > `);
}

describe("docs/differences-from-deepinv.md", () => {
  let collected = new Map<string, string[]>();
  beforeAll(async () => {
    collected = await collect([...new Set(proofs.map(([, file]) => file))]);
  }, 180_000);

  it("has the same five cells in every row", () => {
    expect(rows.length).toBeGreaterThan(70);
    for (const row of rows) expect(row, row[0]).toHaveLength(5);
  });

  it.each(proofs)("%s: the tests named in %s are collected", (_, file, titles) => {
    const found = collected.get(file) ?? [];
    expect(titles.length).toBeGreaterThan(0);
    for (const title of titles) {
      expect(
        found.some((full) => matches(full, title)),
        `${file}: none of its ${found.length} tests is named "${title}".`,
      ).toBe(true);
      // A golden case that is pending passes while it fails.
      expect(pending).not.toContain(title);
    }
  });
});
