// What Chromium's pages load: the sides bundled as a user's bundler does, served from this machine without headers that isolate origins, as most servers do.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { root } from "../../scripts/common.mjs";

const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** Bundles libraries (files of peers/, without their ending) and what drives them into a temporary folder. */
async function bundle(libraries) {
  const { build } = await import("vite");
  const folder = await mkdtemp(join(tmpdir(), "adjoint-bench-"));
  const entries = [["side", join(root, "bench", "side.mjs")], ...libraries.map((library) => [library, join(root, "bench", "peers", `${library}.mjs`)])];
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
      rolldownOptions: { input: Object.fromEntries(entries), output: { entryFileNames: "[name].js" }, preserveEntrySignatures: "strict" },
    },
  });
  return folder;
}

/** Serves the page, the bundle, and folders by prefix; `origin` is the address, `close` ends it. */
export async function openSite(libraries, folders = {}) {
  const bundled = await bundle(libraries);
  const places = { ...folders, "/bundle/": bundled, "/": join(root, "bench", "chromium") };
  const server = createServer(async (request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    const prefix = Object.keys(places).filter((start) => path.startsWith(start)).sort((a, b) => b.length - a.length)[0];
    try {
      if (path.includes("..")) throw new Error("not served");
      const content = await readFile(join(places[prefix], path.slice(prefix.length)));
      response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" }).end(content);
    } catch {
      response.writeHead(404).end("not found");
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(bundled, { recursive: true, force: true });
    },
  };
}
