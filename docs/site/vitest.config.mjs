// Tests of the built site: `npm run docs -- --test`.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  test: { include: ["test/site/**/*.test.ts"], pool: "forks", maxWorkers: 1, testTimeout: 300_000 },
});
