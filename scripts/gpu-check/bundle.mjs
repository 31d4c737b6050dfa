// Bundles the device tests (test/device) as one file of JavaScript that imports the compiled library.
import { existsSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";
import { root } from "../common.mjs";

/** The bundle; a copy of dist has it at the same place. */
export const checksFile = join(root, "dist", "gpu-check", "checks.mjs");

/** Writes {@link checksFile}, in a clone; a folder that was packed has it, and not what it is made of. */
export async function bundleChecks() {
  const program = join(root, "test", "device", "program.ts");
  if (!existsSync(program)) return;
  const { build } = await import("vite");
  await build({
    root,
    configFile: false,
    logLevel: "error",
    build: {
      ssr: program,
      outDir: join(root, "dist", "gpu-check"),
      emptyOutDir: true,
      minify: false,
      target: "es2022",
      rolldownOptions: { output: { entryFileNames: "checks.mjs" } },
    },
    plugins: [
      {
        name: "compiled-library",
        enforce: "pre",
        // An import of ts/NAME/index.js by a test is one of dist/NAME/index.js.
        resolveId(source, importer) {
          const [, path] = source.match(/^(?:\.\.\/)+ts\/(.+)$/) ?? [];
          if (path === undefined || !relative(root, importer ?? "").startsWith(`test${sep}`)) return null;
          return { id: posix.join("..", path), external: true };
        },
      },
    ],
  });
}
