// Makes dist/bundle of the compiled facade: what Node loads, in some ten files. Opening the six hundred files of dist,
// one a class, takes Node five times as long; bundlers of pages get those, since they drop what a page does not use.
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { rolldown } from "rolldown";
import { root } from "./common.mjs";

const dist = join(root, "dist");
const folder = join(dist, "bundle");

/** What only Node loads: these files come to refer to the bundle, so that a program has one of each class. */
const programs = { node: join(dist, "node.js"), cli: join(dist, "cli", "main.js") };

/** What is bundled, by the name of its file in the bundle: the programs, and what package.json has Node take of it. */
function entries() {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const shared = Object.values(exports).flatMap((conditions) => {
    const name = conditions.node?.match(/bundle\/(\w+)\.js$/)?.[1];
    return name === undefined ? [] : [[name, join(root, conditions.default)]];
  });
  return { ...programs, ...Object.fromEntries(shared) };
}

/** `import.meta.url` of a module names the file that tsc wrote, beside which data, workers and add-ons lie. */
const ownAddress = {
  name: "own-address",
  transform: (code, id) =>
    code.includes("import.meta.url") && id.startsWith(dist + sep)
      ? code.replaceAll(
          "import.meta.url",
          `new URL(${JSON.stringify(relative(folder, id).replaceAll(sep, "/"))}, import.meta.url).href`,
        )
      : null,
};

/** The WebAssembly modules are built by another command. */
const modules = {
  name: "wasm-modules",
  resolveId: (source) => {
    const file = source.match(/\/dist\/wasm\/(.+)$/)?.[1];
    return file === undefined ? null : { id: `../wasm/${file}`, external: true };
  },
};

/** Bundles the facade. */
export async function bundleForNode() {
  const temporary = `${folder}.${process.pid}`;
  const bundle = await rolldown({
    input: entries(),
    platform: "node",
    // The packages that adjoint depends on.
    external: /^[@a-z]/i,
    plugins: [ownAddress, modules],
  });
  await bundle.write({
    dir: temporary,
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
    // The documentation is in the types.
    comments: false,
    // Configurations, checkpoints and messages name classes.
    keepNames: true,
  });
  await bundle.close();
  rmSync(folder, { recursive: true, force: true });
  renameSync(temporary, folder);
  for (const [name, file] of Object.entries(programs)) {
    const way = relative(dirname(file), join(folder, `${name}.js`)).replaceAll(sep, "/");
    const address = way.startsWith(".") ? way : `./${way}`;
    writeFileSync(file, `${name === "cli" ? "#!/usr/bin/env node\n" : ""}export * from "${address}";\n`);
  }
}
