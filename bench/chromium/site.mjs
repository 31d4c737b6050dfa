// The site that Chromium's pages load: the sides, bundled as by a user's bundler, and served twice: without headers for
// cross-origin isolation, as on most servers, and with them.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../scripts/common.mjs";
import { isolation, serve } from "../../scripts/serve.mjs";

/** Bundles libraries (files of peers/, without their ending) and side.mjs into a temporary folder. */
async function bundle(libraries) {
  const { build } = await import("vite");
  const folder = await mkdtemp(join(tmpdir(), "adjoint-bench-"));
  const entries = [
    ["side", join(root, "bench", "side.mjs")],
    ...libraries.map((library) => [library, join(root, "bench", "peers", `${library}.mjs`)]),
  ];
  await build({
    root,
    configFile: false,
    logLevel: "error",
    base: "./",
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: "es2022",
      modulePreload: false,
      chunkSizeWarningLimit: 10_000,
      rolldownOptions: {
        input: Object.fromEntries(entries),
        output: { entryFileNames: "[name].js" },
        preserveEntrySignatures: "strict",
      },
    },
  });
  return folder;
}

/** Serves the page, the bundle, and folders by prefix; pages from the address `isolated` may share memory. */
export async function openSite(libraries, folders = {}) {
  const bundled = await bundle(libraries);
  const all = { ...folders, "/bundle/": `${bundled}/`, "/": `${join(root, "bench", "chromium")}/` };
  const [plain, isolated] = await Promise.all([serve(all), serve(all, { headers: isolation })]);
  return {
    origin: plain.origin,
    isolated: isolated.origin,
    async close() {
      await Promise.all([plain.close(), isolated.close()]);
      await rm(bundled, { recursive: true, force: true });
    },
  };
}
