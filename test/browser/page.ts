import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { build } from "vite";
import { compiled } from "../cli/compiled.js";
import { launch } from "./chromium.js";
import { serve } from "../../scripts/serve.mjs";

/** The repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url));
/** Pictures of the page, for a person to look at. */
export const pictures = join(root, "results", "browser");

/** The page, built and served, and a browser to see it in. */
export interface Shown {
  readonly origin: string;
  /** For files; removed in the end. */
  readonly folder: string;
  /**
   * The page in a window of its own, with what it asks the network for and what goes wrong in it; `before` is called
   * before it loads.
   */
  open(
    size?: { width: number; height: number },
    before?: (page: Page) => Promise<void>,
  ): Promise<{ page: Page; requests: string[]; faults: string[] }>;
  close(): Promise<void>;
}

/** Builds and serves the page, and starts a browser; `gpu`: with WebGPU on a software adapter. */
export async function show({ gpu = false } = {}): Promise<Shown> {
  compiled("browser.js");
  const folder = await mkdtemp(join(tmpdir(), "adjoint-page-"));
  await mkdir(pictures, { recursive: true });
  await build({
    configFile: join(root, "examples/web/vite.config.mjs"),
    logLevel: "error",
    build: { outDir: join(folder, "site") },
  });
  const [browser, site] = await Promise.all([launch({ gpu }), serve({ "/": join(folder, "site/") })]);
  return {
    origin: site.origin,
    folder,
    async open(size = { width: 1200, height: 900 }, before) {
      const context = await browser.newContext({ viewport: size, acceptDownloads: true });
      const page = await context.newPage();
      page.setDefaultTimeout(150_000);
      const [requests, faults]: [string[], string[]] = [[], []];
      context.on("request", (request) => requests.push(request.url()));
      page.on("pageerror", (fault) => faults.push(fault.message));
      // The page asks whether there is a graphics card; where there is none, Chromium says so itself.
      const harmless = (text: string) => text === "No available adapters.";
      page.on(
        "console",
        (message) =>
          void (
            ["error", "warning"].includes(message.type()) &&
            !harmless(message.text()) &&
            faults.push(message.text())
          ),
      );
      await before?.(page);
      await page.goto(`${site.origin}/`);
      return { page, requests, faults };
    },
    async close() {
      await browser.close();
      await site.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Takes a sample. */
export async function sample(page: Page, name = "camera"): Promise<void> {
  await page.click(`#samples button[data-name=${name}]`);
  await page.waitForFunction(() => !(document.getElementById("start") as HTMLButtonElement).disabled);
}

/** Waits for a state of the run. */
export async function state(page: Page, wanted: string): Promise<void> {
  await page.waitForSelector(`#compare[data-state=${wanted}]`);
}

/** What the page says about the run. */
export async function status(page: Page): Promise<string> {
  return (await page.textContent("#status")) ?? "";
}

/** Waits for an error, and gives its sentence. */
export async function error(page: Page): Promise<string> {
  await page.waitForFunction(() => document.getElementById("error")?.textContent !== "");
  return (await page.textContent("#error")) ?? "";
}

/** The step that is shown. */
export async function step(page: Page): Promise<number> {
  return Number.parseInt((await page.textContent("#n-step")) || "0", 10);
}

/** Waits until a step is done. */
export async function reached(page: Page, least: number): Promise<void> {
  await page.waitForFunction(
    (wanted) => Number.parseInt(document.getElementById("n-step")?.textContent ?? "", 10) >= wanted,
    least,
  );
}

/** The bytes of what a button downloads. */
export async function downloaded(page: Page, id: string): Promise<{ name: string; bytes: Uint8Array }> {
  const [file] = await Promise.all([page.waitForEvent("download"), page.click(`#${id}`)]);
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}
