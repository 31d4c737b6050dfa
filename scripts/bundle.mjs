// Bundles programs that import the sources in `ts` for a page, with Vite.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { root } from "./common.mjs";

/**
 * Bundles a program: `harness.js` and its chunks in a temporary folder. `wasm: false` leaves the modules out.
 *
 * @param {string} program its path from the root.
 */
export async function bundle(program, { wasm = true } = {}) {
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
        input: { harness: join(root, program) },
        ...(wasm ? {} : { external: /dist\/wasm/ }),
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
