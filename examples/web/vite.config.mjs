// Builds the page: `npm run web` in the repository's root. "adjoint" is resolved through the exports of its
// package.json, as in any project.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  // Relative URLs: the page can be served from any folder.
  base: "./",
  // The Content-Security-Policy forbids data URLs.
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    outDir: fileURLToPath(new URL("../../dist/web", import.meta.url)),
    emptyOutDir: true,
  },
  worker: { format: "es" },
});
