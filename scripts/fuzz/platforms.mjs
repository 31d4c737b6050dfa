// The compiled package on each platform that a process of Node has: the add-on, the add-on with a GPU, WebAssembly.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { MEMORY_LIMIT } from "./limits.mjs";

const dist = (file) => new URL(`../../dist/${file}`, import.meta.url);

/** The library with `testing`, started; `restart` starts it again after its runtime was lost. */
export async function load(platform) {
  const [lib, testing] = await Promise.all([import(dist("index.js").href), import(dist("testing/index.js").href)]);
  const options = {
    native: {},
    webgpu: { device: "webgpu" },
    wasm: { wasm: platform === "wasm" ? readFileSync(fileURLToPath(dist("wasm/adjoint_wasm_bg.wasm"))) : undefined },
  }[platform];
  if (options === undefined) throw new Error(`fuzz: there is no platform ${platform}`);
  const restart = async () => await lib.init({ memoryLimit: MEMORY_LIMIT, ...options });
  await restart();
  return { lib: { ...lib, testing }, restart };
}
