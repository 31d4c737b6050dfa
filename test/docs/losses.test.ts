import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Assumptions, fittingLosses, lossAssumptions } from "../../ts/loss/index.js";
import { noiseKinds, operatorKinds } from "../../ts/physics/index.js";

const root = new URL("../../", import.meta.url);
const text = async (path: string): Promise<string> => await readFile(new URL(path, root), "utf8");
/** Cells of the rows of the tables of a text. */
const rows = (markdown: string): string[][] =>
  [...markdown.matchAll(/^\| (.*) \|$/gm)].map(([, row]) => (row as string).split(/(?<!\\) \| /));

describe("the table of losses", () => {
  it("is the one that the assumptions and the evidence make", async () => {
    const { lossTables } = (await import(fileURLToPath(new URL("scripts/loss-table.mjs", root)))) as {
      lossTables(): Promise<{ path: string; make(before: string): string }[]>;
    };
    const tables = await lossTables();
    expect(tables.map(({ path }) => path)).toEqual(["docs/losses.md", "ts/cli/evidence.generated.ts"]);
    for (const { path, make } of tables) {
      const before = await text(path);
      expect(make(before), `${path} is not current; run npm run generate`).toBe(before);
    }
  });

  it("has a row for each loss", async () => {
    const docs = rows(await text("docs/losses.md"));
    for (const [name, { noise, needs, adapted }] of Object.entries<Assumptions>(lossAssumptions)) {
      const row = docs.find(([first]) => new RegExp(`[.\`]${name}\``).test(first ?? ""));
      expect(row?.[5]?.replaceAll("`", "").split(", "), name).toEqual(needs);
      expect(row?.[6]?.startsWith("yes"), name).toBe(adapted);
      if (noise !== "any" && noise.length < 4) expect(row?.[3], name).toBe(noise.join(", "));
    }
  });

  it("names for each noise and each operator what fits, and what is not known excludes nothing", async () => {
    const docs = rows(await text("docs/losses.md"));
    const listed = (kind: string) => (docs.find(([first]) => first === kind)?.[1] ?? "").match(/\w+/g) ?? [];
    for (const noise of noiseKinds) {
      const fits = fittingLosses({ noise, operator: "denoising" });
      expect(fits, noise).toEqual(expect.arrayContaining(listed(noise).filter((word) => word !== "none")));
      expect(fittingLosses({ noise })).toEqual(expect.arrayContaining(fits));
    }
    for (const operator of operatorKinds)
      expect(fittingLosses({ operator })).toEqual(
        expect.arrayContaining(listed(operator).filter((word) => word !== "none")),
      );
    expect(fittingLosses({})).toEqual(Object.keys(lossAssumptions));
  });
});
