import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // `npm run docs -- --test`: they need the built site.
    exclude: ["test/site/**", "**/node_modules/**"],
    typecheck: { enabled: true, include: ["test/types/**/*.test-d.ts"], tsconfig: "./tsconfig.test.json" },
    // One native runtime per process: threads would share the add-on's global state.
    pool: "forks",
    maxWorkers: 2,
    // Minutes: tests that train in a child process take long on a machine that is busy.
    testTimeout: 180_000,
    hookTimeout: 60_000,
  },
});
