// Download sizes: the committed sizes of our modules, and the published files of the installed peers.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { root } from "../scripts/common.mjs";
import { markdown } from "./report.mjs";
import { peersFolder } from "./sides.mjs";

/** The files that a page needs, below the peers' node_modules. */
const files = {
  "TensorFlow.js with its wasm backend: tf.min.js, tf-backend-wasm.min.js, tfjs-backend-wasm-simd.wasm": [
    "@tensorflow/tfjs/dist/tf.min.js",
    "@tensorflow/tfjs-backend-wasm/dist/tf-backend-wasm.min.js",
    "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
  ],
  "jax-js, which writes its WebAssembly as it runs: index.js, backend (not minified)": [
    "@jax-js/jax/dist/index.js",
    "@jax-js/jax/dist/backend-CnjgxpXq.js",
  ],
};

/** Raw, gzip and brotli bytes of some files. */
function measured(paths) {
  const sum = (size) => paths.map((path) => size(readFileSync(path))).reduce((a, b) => a + b, 0);
  return {
    raw: sum((b) => b.length),
    gzip: sum((b) => gzipSync(b, { level: 9 }).length),
    brotli: sum((b) => brotliCompressSync(b).length),
  };
}

/** Sizes by name. */
export function runSize() {
  const committed = JSON.parse(readFileSync(join(root, "crates", "wasm", "sizes.json"), "utf8"));
  const rows = Object.entries(committed).map(([name, sizes]) => ({
    label: `${name}_bg.wasm (crates/wasm/sizes.json)`,
    ...sizes,
  }));
  const skipped = [];
  for (const [label, names] of Object.entries(files)) {
    const paths = names.map((name) => join(peersFolder, "node_modules", name));
    if (paths.every((path) => existsSync(path))) rows.push({ label, ...measured(paths) });
    else skipped.push(`${label}: not installed`);
  }
  return { title: "Size of the download", rows, skipped };
}

/** The table of {@link runSize}. */
export function sizeTable({ rows }) {
  const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} kB`;
  return markdown(
    ["file", "raw", "gzip", "brotli"],
    rows.map(({ label, raw, gzip, brotli }) => [label, ...[raw, gzip, brotli].map(kilobytes)]),
  );
}
