// Builds the page: `npm run web` in the repository's root. "adjoint" is found through the exports of its package.json,
// as in any project.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  // Addresses relative to the page: it can lie anywhere.
  base: "./",
  // Content-Security-Policy forbids what would be inlined as data.
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    outDir: fileURLToPath(new URL("../../dist/web", import.meta.url)),
    emptyOutDir: true,
  },
  worker: { format: "es" },
});
