import { bundle } from "../../scripts/bundle.mjs";

/** Bundles a program of test/browser/harness for a browser. `formats` needs no WebAssembly module. */
export async function bundleHarness(
  program: "main" | "formats" = "main",
): Promise<{ folder: string; remove(): Promise<void> }> {
  return await bundle(`test/browser/harness/${program}.ts`, { wasm: program !== "formats" });
}
