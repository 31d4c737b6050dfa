import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, vi } from "vitest";
import * as adjoint from "../../ts/index.js";

const root = new URL("../../", import.meta.url);
const page = await readFile(new URL("docs/files.md", root), "utf8");
const programs = [...page.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);

/** Runs a program of the page, with what it imports from "adjoint", and gives what it prints. */
async function run(code: string): Promise<unknown[][]> {
  const [, names = ""] = /^import \{([^}]*)\} from "adjoint";/.exec(code) ?? [];
  const body = code.replace(/^import .*\n/, "").replaceAll('"test/', `"${fileURLToPath(root)}test/`);
  const printed: unknown[][] = [];
  const log = vi.spyOn(console, "log").mockImplementation((...values) => void printed.push(values));
  try {
    const AsyncFunction = (async () => undefined).constructor as new (...text: string[]) => Function;
    const program = new AsyncFunction(...names.split(",").map((name) => name.trim()), body);
    await program(...names.split(",").map((name) => adjoint[name.trim() as keyof typeof adjoint]));
  } finally {
    log.mockRestore();
  }
  return printed;
}

describe("docs/files.md", () => {
  const had = existsSync(new URL("results", root));
  afterAll(async () => {
    await rm(new URL(had ? "results/half.nii" : "results", root), { recursive: true, force: true });
  });

  it("has programs that print what their words say", async () => {
    const [weights, arrays, slices, writing] = programs as [string, string, string, string];
    expect(programs).toHaveLength(4);
    expect(await run(weights)).toEqual([[8, "tensors;", [1, 1, 16, 16]]]);
    const [first, second] = await run(arrays);
    expect(first?.slice(0, 2)).toEqual([[4, 3, 2], "float64"]);
    expect(second).toEqual([[8, 6, 2], "complex64", [8, 6, 2]]);
    expect(await run(slices)).toEqual([[3, [2, 8, 6], [1, 4, 4]]]);
    expect(await run(writing)).toEqual([["float32"]]);
  });
});
