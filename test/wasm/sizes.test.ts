import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

/** Bytes of one module, from scripts/build-wasm.mjs, which has no types. */
interface Sizes {
  readonly raw: number;
  readonly gzip: number;
  readonly brotli: number;
}
const script = "../../scripts/build-wasm.mjs";
const { sizesFile, wasmSizes } = (await import(script)) as { sizesFile: string; wasmSizes(): Record<string, Sizes> };

describe("sizes of the WebAssembly modules", () => {
  const now = wasmSizes();
  it.each([
    ["adjoint_wasm", 600_000],
    ["adjoint_wasm_relaxed", 600_000],
    ["adjoint_wasm_gpu", 2_500_000],
  ] as const)(
    "%s: within 10 % of the committed sizes (npm run build:wasm -- --sizes), with brotli at most %d bytes",
    async (name, limit) => {
      const committed = JSON.parse(await readFile(sizesFile, "utf8")) as Record<string, Sizes>;
      const [found, expected] = [now[name] as Sizes, committed[name] as Sizes];
      for (const kind of ["raw", "gzip", "brotli"] as const) {
        expect(
          Math.abs(found[kind] / expected[kind] - 1),
          `${kind}: ${found[kind]} bytes, committed ${expected[kind]}`,
        ).toBeLessThan(0.1);
      }
      expect(found.brotli).toBeLessThanOrEqual(limit);
    },
  );
});
