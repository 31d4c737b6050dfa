// `npm run docs`: builds the documentation site, static files, to dist/site. `--base /path/` for a site below a path of
// its server; `--serve` shows it at http://127.0.0.1:4174; `--test` tests it, its programs in Chromium included, and
// leaves screenshots in results/site; `--keep-reference` takes the reference of the last build.
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildTs } from "./build.mjs";
import { buildWasm } from "./build-wasm.mjs";
import { Failure, isMain, main, must, root, say } from "./common.mjs";
import { buildPlayground } from "./docs/playground.mjs";
import { preparePages } from "./docs/pages.mjs";
import { serve } from "./serve.mjs";
import { setup } from "./setup.mjs";

const site = join(root, "docs", "site");
const source = join(root, "dist", "site-source");
const npm = process.platform === "win32" ? "npm.cmd" : "npm";

/** Installs what only the site is built with: VitePress and typedoc are not packages of the library's own tests. */
async function installSite() {
  const [marker, lock] = [join(site, "node_modules", ".package-lock.json"), join(site, "package-lock.json")];
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs) return;
  say("installing VitePress and typedoc");
  await must(npm, ["ci", "--no-audit", "--no-fund", "--prefix", site]);
}

/** Copies the reference into the site. typedoc writes links to other pages alike in all folders, one level too low. */
function addReference(from, to) {
  cpSync(from, to, { recursive: true });
  for (const file of readdirSync(to, { recursive: true })) {
    if (!/[\\/]\w[^\\/]*\.html$/.test(file)) continue;
    const text = readFileSync(join(to, file), "utf8");
    writeFileSync(join(to, file), text.replace(/href="(\.\.\/(?:install|playground)\.html)"/g, 'href="../$1"'));
  }
}

/** Builds the site; `base` is the path below which its server has it. */
export async function buildSite({ base = "/", keepReference = false } = {}) {
  if (!/^\/(?:.*\/)?$/.test(base)) throw new Failure(`docs: --base ${base}: begin and end it with a slash.`);
  await installSite();
  const reference = join(root, "dist", "site-reference");
  if (!keepReference || !existsSync(reference)) {
    say("the reference, from the comments of ts/");
    const typedoc = join(site, "node_modules", "typedoc", "bin", "typedoc");
    await must(process.execPath, [typedoc, "--options", join(site, "typedoc.json")]);
  }
  say("the pages");
  await preparePages({ source, reference });
  say("the playground");
  await buildPlayground({ outDir: join(source, "public", "playground") });
  say("the site");
  const vitepress = join(site, "node_modules", "vitepress", "bin", "vitepress.js");
  await must(process.execPath, [vitepress, "build", site, "--base", base]);
  addReference(reference, join(root, "dist", "site", "reference"));
}

/** Runs the tests of the built site. */
async function testSite(base) {
  say("tests of the site");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const config = join(site, "vitest.config.mjs");
  await must(process.execPath, [vitest, "run", "--config", config], { env: { ADJOINT_SITE_BASE: base } });
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const { argv } = process;
    const test = argv.includes("--test");
    // Where nothing is said, the tests take a site below a path, which is the harder one.
    const base = argv.includes("--base") ? argv[argv.indexOf("--base") + 1] : test ? "/adjoint/" : "/";
    await setup({ rust: false });
    if (!argv.includes("--no-build")) {
      await buildWasm();
      await buildTs();
    }
    await buildSite({ base, keepReference: argv.includes("--keep-reference") });
    if (test) await testSite(base);
    const folder = join(root, "dist", "site");
    if (argv.includes("--serve")) {
      const { origin } = await serve({ [base]: `${folder}/` }, { port: 4174 });
      say(`${origin}${base}`);
    } else say(`${folder}: static files for any web server, or npm run docs -- --serve`);
  });
}
