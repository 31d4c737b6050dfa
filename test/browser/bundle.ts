import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Bundles a program of test/browser/harness and the sources in `ts` for a browser: `harness.js` and its chunks in a
 * temporary folder. `formats` needs no WebAssembly module.
 */
export async function bundleHarness(
  program: "main" | "formats" = "main",
): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "adjoint-browser-"));
  await build({
    root,
    configFile: false,
    logLevel: "error",
    base: "./",
    build: {
      outDir: folder,
      emptyOutDir: true,
      minify: false,
      // Its loader needs a document, and workers have none.
      modulePreload: false,
      target: "es2022",
      rolldownOptions: {
        input: { harness: join(root, `test/browser/harness/${program}.ts`) },
        ...(program === "formats" && { external: /dist\/wasm/ }),
        output: { entryFileNames: "[name].js" },
        preserveEntrySignatures: "strict",
      },
    },
    // As the field "browser" of package.json for the compiled package.
    plugins: [
      {
        name: "browser-platform",
        enforce: "pre",
        resolveId: (source, importer) =>
          importer?.endsWith("/ts/runtime/current-platform.ts") && source === "./node/index.js"
            ? join(root, "ts/runtime/web/index.ts")
            : null,
      },
    ],
  });
  return { folder, remove: async () => await rm(folder, { recursive: true, force: true }) };
}
