import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The harness and the sources in `ts`, bundled for a browser into a temporary folder: `harness.js` and what it loads.
 */
export async function bundleHarness(): Promise<{ folder: string; remove(): Promise<void> }> {
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
      // Its loader needs a document, which a worker does not have.
      modulePreload: false,
      target: "es2022",
      rolldownOptions: {
        input: { harness: join(root, "test/browser/harness/main.ts") },
        output: { entryFileNames: "[name].js" },
        preserveEntrySignatures: "strict",
      },
    },
    // What the field "browser" of package.json does for the compiled package.
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
