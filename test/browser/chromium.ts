import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";
import { describe, it } from "vitest";

const places = [
  process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** The Chromium of this machine; the variable CHROMIUM names another. */
export const executable = places.find((path): path is string => path !== undefined && path !== "" && existsSync(path));

/** Starts it without a window. `gpu`: with WebGPU on a software adapter. */
export async function launch({ gpu = false } = {}): Promise<Browser> {
  const quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const software = gpu ? ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader"] : [];
  return await chromium.launch({ ...(executable ? { executablePath: executable } : {}), headless: true, args: ["--no-sandbox", ...quiet, ...software] });
}

/** Tests that need a browser; where none is, one skipped test says so. */
export function describeBrowser(title: string, body: () => void): void {
  if (executable === undefined) it.skip(`${title}: no Chromium was found (CHROMIUM may name one)`, () => undefined);
  else describe(title, body);
}
