import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";

/** What scripts/build-wasm.mjs gives; a plain program without types. */
interface Sizes {
  readonly raw: number;
  readonly gzip: number;
  readonly brotli: number;
}
const address = "../../scripts/build-wasm.mjs";
const { sizesFile, wasmSizes } = (await import(address)) as { sizesFile: string; wasmSizes(): Sizes };

describe("the size of the WebAssembly module", () => {
  it("is the committed one within 10 % (npm run build:wasm -- --sizes writes it), and at most 0.6 MB with brotli", async () => {
    const committed = JSON.parse(await readFile(sizesFile, "utf8")) as Sizes;
    const now = wasmSizes();
    for (const kind of ["raw", "gzip", "brotli"] as const) {
      expect(Math.abs(now[kind] / committed[kind] - 1), `${kind}: ${now[kind]} bytes, committed ${committed[kind]}`).toBeLessThan(0.1);
    }
    expect(now.brotli).toBeLessThanOrEqual(600_000);
  });
});
