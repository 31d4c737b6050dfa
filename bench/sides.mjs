// The sides of a comparison. A side is a process or a page that runs steps and returns their seconds; sides that are
// not installed are reported with the reason.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { executable, launch } from "../scripts/chromium.mjs";
import { must, output, root, say } from "../scripts/common.mjs";
import { openPage } from "./chromium/browser.mjs";
import { openSite } from "./chromium/site.mjs";
import { findPython, startPeer } from "./peer.mjs";
import { deviation } from "./statistics.mjs";

/** The folder of the peers: their programs and, if installed, their packages. */
export const peersFolder = join(root, "bench", "peers");
const tfjsFiles = join(peersFolder, "node_modules", "@tensorflow", "tfjs-backend-wasm", "dist", "/");
/** Largest difference of the results, relative to the largest entry. */
const TOLERANCE = 1e-4;

/** Installs the JavaScript peers into a folder of their own. */
export async function installPeers() {
  say("installing the peers of bench/peers (300 MB)");
  await must("npm", ["ci", "--prefix", peersFolder, "--no-audit", "--no-fund", "--ignore-scripts"]);
}

/** Whether a package is among the installed peers. */
export const installed = (name) => existsSync(join(peersFolder, "node_modules", name));
const absent = (name) => ({ skipped: `${name}: not installed (npm run bench -- --peers installs it)` });

/**
 * The libraries that run in Node and in browsers: file in peers/, options, different options in browsers, package or
 * module of dist/wasm that is needed, whether the page must be cross-origin isolated, whether relaxed SIMD is needed.
 */
const libraries = {
  wasm: { program: "adjoint", options: { wasm: true }, label: "adjoint, wasm" },
  "wasm threads": {
    program: "adjoint",
    options: { wasm: true, threads: 2 },
    module: "adjoint_wasm_threads",
    isolated: true,
    relaxed: true,
    label: "adjoint, wasm, 2 threads",
  },
  "wasm burn": { program: "adjoint", options: { wasm: true, kernel: "burn" }, label: "burn's convolutions, wasm" },
  "tfjs cpu": {
    program: "tfjs",
    options: { backend: "cpu" },
    needs: "@tensorflow/tfjs",
    label: "TensorFlow.js VERSION, cpu",
  },
  "tfjs wasm": {
    program: "tfjs",
    options: { backend: "wasm", files: tfjsFiles },
    browser: { files: "/tfjs/" },
    needs: "@tensorflow/tfjs-backend-wasm",
    label: "TensorFlow.js VERSION, wasm",
  },
  jax: { program: "jax", options: {}, needs: "@jax-js/jax", label: "jax-js VERSION, wasm" },
};

/** The label of a library, with the version that is installed. */
function labelOf({ label, needs }) {
  return needs
    ? label.replace(
        "VERSION",
        JSON.parse(readFileSync(join(peersFolder, "node_modules", needs, "package.json"), "utf8")).version,
      )
    : label;
}

/** Opens a library, or reports that it is not installed or built. */
async function ifInstalled(one, open) {
  if (one.needs && !installed(one.needs)) return absent(one.needs);
  if (one.module && !existsSync(join(root, "dist", "wasm", `${one.module}_bg.wasm`)))
    return { skipped: `${one.label}: not built (npm run build:wasm -- --threads)` };
  return { label: labelOf(one), ...(await open()) };
}

/** Why a library that needs relaxed SIMD would not take it in this Node; undefined where it would. */
async function lacksInstructions(one) {
  if (!one.relaxed) return undefined;
  const { cpuModule } = await import("../dist/runtime/web/features.js");
  if (cpuModule() === "relaxed") return undefined;
  return { skipped: `${one.label}: it needs relaxed SIMD, which Node ${process.versions.node} does not have` };
}

const worker = (program, options = {}, env = {}) =>
  startPeer(process.execPath, [join(root, "bench", "worker.mjs"), program, JSON.stringify(options)], env);

/** PyTorch, with one of the programs in peers/, if a line that imports what the program needs does not fail. */
async function torch(program, needs = "") {
  const python = findPython();
  if (!python) return { skipped: "PyTorch: no python3 with torch was found (ADJOINT_PYTHON names one)" };
  if (needs && output(python, ["-c", needs]) === undefined) return { skipped: `PyTorch: "${needs}" failed` };
  const side = await startPeer(python, [join(peersFolder, program)]);
  return { label: side.about.label, ...side };
}

/** Functions that open the sides in Node and Python. */
export const openers = {
  ...Object.fromEntries(
    Object.entries(libraries).map(([key, one]) => [
      key,
      async () => (await lacksInstructions(one)) ?? ifInstalled(one, () => worker(one.program, one.options)),
    ]),
  ),
  adjoint: async () => ({ label: "adjoint", ...(await worker("adjoint")) }),
  burn: async () => ({ label: "burn's convolutions", ...(await worker("adjoint", {}, { ADJOINT_CONV: "burn" })) }),
  torch: () => torch("torch_cases.py"),
  files: async () => ({ label: "adjoint", ...(await worker("files")) }),
  "files kept": async () => ({ label: "adjoint with images in memory", ...(await worker("files", { kept: true })) }),
  "torch files": () => torch("torch_files.py", "import deepinv, PIL"),
};

/**
 * Opens sides by their keys. Returns those that are installed, a sentence for each that is not, and a function that
 * closes all. The results of all must equal those of the first, which is ours.
 */
export async function openSides(keys, { inBrowser = false } = {}) {
  const [sides, skipped, closing] = [[], [], []];
  const add = async (key, side) => {
    if (side.skipped) return void skipped.push(side.skipped);
    closing.unshift(side.stop);
    const can = (name) => side.about.cases.includes(name) || side.about.kinds.includes(name.split(":")[0]);
    sides.push({ ...side, key, can });
  };
  const close = async () => {
    for (const end of closing) await end();
  };
  let pages;
  try {
    pages = inBrowser ? await openBrowser(closing) : undefined;
    if (inBrowser && !pages)
      return { sides, skipped: ["Chromium: none was found (the variable CHROMIUM may name one)"], close };
    for (const key of keys) await add(key, inBrowser && libraries[key] ? await pages.open(key) : await openers[key]());
    await compare(sides);
  } catch (error) {
    await close();
    throw error;
  }
  return { sides, skipped, close, browser: pages?.version };
}

/** Starts a browser and serves the pages. Returns its version and a function that opens the page of a side. */
async function openBrowser(closing) {
  if (executable === undefined) return undefined;
  const browser = await launch();
  closing.unshift(() => browser.close());
  const here = Object.values(libraries).filter(({ needs }) => !needs || installed(needs));
  const site = await openSite([...new Set(here.map(({ program }) => program))], { "/tfjs/": tfjsFiles });
  closing.push(site.close);
  const open = async (key) => {
    const one = libraries[key];
    return await ifInstalled(one, () =>
      openPage(browser, one.isolated ? site.isolated : site.origin, one.program, { ...one.options, ...one.browser }),
    );
  };
  return { open, version: browser.version() };
}

/** Throws if the results of a side on a small network differ from those of the first. */
async function compare([ours, ...peers]) {
  const expected = ours && (await ours.check());
  for (const peer of peers) {
    const apart = deviation(expected, await peer.check());
    if (!(apart <= TOLERANCE))
      throw new Error(
        `${peer.label} and ${ours.label} compute different things: ` +
          `they differ by ${apart.toExponential(1)}, at most ${TOLERANCE} is allowed.`,
      );
    // Other kernels sum in another order.
    if (peer.key.endsWith("burn") && apart === 0)
      throw new Error(`${peer.label}: the results are bit-identical to ours, so the kernel was not changed.`);
    peer.apart = apart;
  }
}
