// The playground's worker: the library, its WebAssembly module and what strips types from programs, in one folder.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { root } from "../common.mjs";

const folder = join(root, "docs", "site", "playground");

/** In the playground files are those of the site and those that a program wrote, in memory. */
const filesInMemory = {
  name: "files-in-memory",
  enforce: "pre",
  resolveId(source, importer) {
    return importer?.endsWith("current-platform.js") && /\/(?:node|web)\/index\.js$/.test(source)
      ? join(folder, "platform.mjs")
      : undefined;
  },
};

/** Bundles the worker to `outDir`/worker.js. */
export async function buildPlayground({ outDir }) {
  await build({
    configFile: false,
    root: folder,
    base: "./",
    logLevel: "error",
    plugins: [filesInMemory],
    resolve: { alias: { "adjoint-dist": join(root, "dist") } },
    worker: { format: "es" },
    build: {
      target: "es2022",
      outDir,
      emptyOutDir: true,
      assetsInlineLimit: 0,
      rolldownOptions: {
        input: fileURLToPath(new URL("../../docs/site/playground/worker.mjs", import.meta.url)),
        output: { entryFileNames: "worker.js" },
        preserveEntrySignatures: false,
      },
    },
  });
}
