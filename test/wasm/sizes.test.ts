import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

/** What scripts/build-wasm.mjs gives, for each module; a plain program without types. */
interface Sizes {
  readonly raw: number;
  readonly gzip: number;
  readonly brotli: number;
}
const address = "../../scripts/build-wasm.mjs";
const { sizesFile, wasmSizes } = (await import(address)) as { sizesFile: string; wasmSizes(): Record<string, Sizes> };

describe("the sizes of the WebAssembly modules", () => {
  const now = wasmSizes();
  it.each([
    ["adjoint_wasm", 600_000],
    ["adjoint_wasm_relaxed", 600_000],
    ["adjoint_wasm_gpu", 2_500_000],
  ] as const)(
    "%s: the committed ones within 10 % (npm run build:wasm -- --sizes writes them), with brotli at most %d bytes",
    async (name, limit) => {
      const committed = JSON.parse(await readFile(sizesFile, "utf8")) as Record<string, Sizes>;
      const [found, wanted] = [now[name] as Sizes, committed[name] as Sizes];
      for (const kind of ["raw", "gzip", "brotli"] as const) {
        expect(
          Math.abs(found[kind] / wanted[kind] - 1),
          `${kind}: ${found[kind]} bytes, committed ${wanted[kind]}`,
        ).toBeLessThan(0.1);
      }
      expect(found.brotli).toBeLessThanOrEqual(limit);
    },
  );
});
