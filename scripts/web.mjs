// `npm run web`: installs and builds what is missing, then builds the page examples/web to dist/web and serves it
// locally. `--build` only builds; `--port N` sets the port.
import { join } from "node:path";
import { buildTs } from "./build.mjs";
import { buildWasm } from "./build-wasm.mjs";
import { main, root } from "./common.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  await setup({ rust: false });
  await buildWasm();
  await buildTs();
  const { build, preview } = await import("vite");
  const configFile = join(root, "examples", "web", "vite.config.mjs");
  await build({ configFile, logLevel: "warn" });
  if (process.argv.includes("--build")) return;
  const port = Number(process.argv[process.argv.indexOf("--port") + 1]) || 4173;
  const server = await preview({
    configFile,
    preview: { port, host: "127.0.0.1" },
    build: { outDir: join(root, "dist", "web") },
  });
  server.printUrls();
});
