// The compiled package on each platform that a process of Node has: the add-on, the add-on with a GPU, WebAssembly.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Bytes that one operator may use: little enough that no allowed call is slow, and far below the limit of the process,
 * so that memory which the core does not count ends the child.
 */
const MEMORY_LIMIT = 1 << 28;

const dist = (file) => new URL(`../../dist/${file}`, import.meta.url);

/** The library with `testing`, started. */
export async function load(platform) {
  const [lib, testing] = await Promise.all([import(dist("index.js").href), import(dist("testing/index.js").href)]);
  const options = {
    native: {},
    webgpu: { device: "webgpu" },
    wasm: { wasm: platform === "wasm" ? readFileSync(fileURLToPath(dist("wasm/adjoint_wasm_bg.wasm"))) : undefined },
  }[platform];
  if (options === undefined) throw new Error(`fuzz: there is no platform ${platform}`);
  await lib.init({ memoryLimit: MEMORY_LIMIT, ...options });
  return { ...lib, testing };
}
