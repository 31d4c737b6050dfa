// The Chromium of this machine, for tests and benchmarks.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const candidates = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** The path of Chromium, or undefined if none is found; the environment variable CHROMIUM sets it. */
export const executable = candidates.find((path) => path && existsSync(path));

/** Starts Chromium headless. `gpu`: with WebGPU on a software adapter. */
export async function launch({ gpu = false } = {}) {
  const quiet = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
  const software = gpu ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"] : [];
  return await chromium.launch({
    ...(executable ? { executablePath: executable } : {}),
    headless: true,
    args: ["--no-sandbox", ...quiet, ...software],
  });
}
