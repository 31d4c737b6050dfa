// The playground's worker: the library, its WebAssembly modules, what the examples share, and what takes the types out
// of programs.
import { join } from "node:path";
import { build } from "vite";
import { root } from "../common.mjs";

const folder = join(root, "docs", "site", "playground");

/** Modules that a page has otherwise than Node: who imports them, their name there, and the file here. */
const replaced = [
  // Files are those of the site and those that a program wrote, in memory.
  { importer: /current-platform\.js$/, source: /\/(?:node|web)\/index\.js$/, file: "platform.mjs" },
  { importer: /examples\/shared\/\w+\.mjs$/, source: /\/begin\.mjs$/, file: "begin.mjs" },
  { importer: /examples\/shared\/\w+\.mjs$/, source: /\/image-folder\.mjs$/, file: "image-folder.mjs" },
  { importer: /examples\/shared\/\w+\.mjs$/, source: /^node:path$/, file: "path.mjs" },
];

const replacements = () => ({
  name: "playground",
  enforce: "pre",
  resolveId(source, importer = "") {
    const path = importer.replaceAll("\\", "/");
    const found = replaced.find((each) => each.importer.test(path) && each.source.test(source));
    return found ? join(folder, found.file) : undefined;
  },
});

/** Bundles the playground to `outDir`: start.js, which starts its worker. */
export async function buildPlayground({ outDir }) {
  await build({
    configFile: false,
    root: folder,
    base: "./",
    logLevel: "error",
    resolve: {
      alias: [
        { find: /^adjoint$/, replacement: join(folder, "library.mjs") },
        { find: "adjoint-dist", replacement: join(root, "dist") },
      ],
    },
    // Names of classes are printed, and stand in checkpoints.
    worker: { format: "es", plugins: () => [replacements()], rolldownOptions: { output: { keepNames: true } } },
    build: {
      target: "es2022",
      outDir,
      emptyOutDir: true,
      assetsInlineLimit: 0,
      rolldownOptions: {
        input: join(folder, "start.mjs"),
        output: { entryFileNames: "start.js" },
        preserveEntrySignatures: "strict",
      },
    },
  });
}
