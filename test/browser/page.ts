import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll } from "vitest";
import { init } from "../../ts/runtime/index.js";
import { compiled } from "../cli/compiled.js";
import { launch } from "./chromium.js";
import { serve } from "../../scripts/serve.mjs";

/** The root folder of the repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url));
/** The folder of screenshots, for visual inspection. */
export const screenshots = join(root, "results", "browser");

/** The page as a built and served site, with a browser. */
export interface PageSite {
  readonly origin: string;
  /** A temporary folder, removed by `close`. */
  readonly folder: string;
  /** Opens the page in a new context; returns it with its network requests and its errors. `before` runs first. */
  open(
    size?: { width: number; height: number },
    before?: (page: Page) => Promise<void>,
  ): Promise<{ page: Page; requests: string[]; errors: string[] }>;
  close(): Promise<void>;
}

/** Builds and serves the page, and starts a browser; `gpu` enables WebGPU on a software adapter. */
export async function servePage({ gpu = false } = {}): Promise<PageSite> {
  compiled("browser.js");
  const folder = await mkdtemp(join(tmpdir(), "adjoint-page-"));
  await mkdir(screenshots, { recursive: true });
  await build({
    configFile: join(root, "examples/web/vite.config.mjs"),
    logLevel: "error",
    build: { outDir: join(folder, "site") },
  });
  const [browser, site] = await Promise.all([launch({ gpu }), serve({ "/": join(folder, "site/") })]);
  return {
    origin: site.origin,
    folder,
    async open(size = { width: 1280, height: 900 }, before) {
      const context = await browser.newContext({ viewport: size, acceptDownloads: true });
      const page = await context.newPage();
      page.setDefaultTimeout(150_000);
      const [requests, errors]: [string[], string[]] = [[], []];
      context.on("request", (request) => requests.push(request.url()));
      page.on("pageerror", (cause) => errors.push(cause.message));
      page.on("console", (message) => {
        // Chromium warns when the page looks for a graphics card and there is none.
        const isExpected =
          message.text() === "No available adapters." || message.text().includes("renderer in software");
        if (["error", "warning"].includes(message.type()) && !isExpected) errors.push(message.text());
      });
      await before?.(page);
      await page.goto(`${site.origin}/`);
      return { page, requests, errors };
    },
    async close() {
      await browser.close();
      await site.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The page for the tests of a `describe`: served before them, closed after them. */
export function usePage(): PageSite {
  let site: PageSite | undefined;
  beforeAll(async () => {
    site = await servePage();
    await init();
  }, 180_000);
  afterAll(async () => await site?.close());
  const served = (): PageSite => site as PageSite;
  return {
    get origin() {
      return served().origin;
    },
    get folder() {
      return served().folder;
    },
    open: async (...size) => await served().open(...size),
    close: async () => await served().close(),
  };
}

/** Chooses one of the settings that are shown side by side, such as `quality` `fast`. */
export async function choose(page: Page, name: string, value: string): Promise<void> {
  await page.click(`label[for=${name}-${value}]`);
}

/** Opens a sample image, whose cleaning then begins by itself, and stops it: settings can be chosen. */
export async function openSample(page: Page, name = "camera"): Promise<void> {
  await page.click(`#samples button[data-name=${name}]`);
  await waitForState(page, "running");
  await page.click("#stop");
  await page.waitForSelector("#start:not([hidden])");
}

/** Opens a file as a visitor would, who chooses it. */
export async function openFile(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  await page.setInputFiles("#file", { name, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) });
}

/** Shows the settings for experts. */
export async function openAdvanced(page: Page): Promise<void> {
  await page.evaluate(() => ((document.getElementById("advanced") as HTMLDetailsElement).open = true));
}

/** Starts with the settings that were chosen. */
export async function start(page: Page): Promise<void> {
  await page.click("#start");
}

/** Waits until the run is in a state, or in one of several: some pass in less time than a look takes. */
export async function waitForState(page: Page, ...expected: string[]): Promise<void> {
  await page.waitForSelector(expected.map((state) => `#compare[data-state=${state}]`).join(", "));
}

/** The text of the page about the run. */
export async function statusText(page: Page): Promise<string> {
  return (await page.textContent("#status")) ?? "";
}

/** Waits for an error and returns its text. */
export async function errorText(page: Page): Promise<string> {
  await page.waitForFunction(() => document.getElementById("error")?.textContent !== "");
  return (await page.textContent("#error")) ?? "";
}

/** The displayed step. */
export async function currentStep(page: Page): Promise<number> {
  return Number.parseInt((await page.textContent("#n-step")) || "0", 10);
}

/** Waits until a step is displayed. */
export async function waitForStep(page: Page, minimum: number): Promise<void> {
  await page.waitForFunction(
    (expected) => Number.parseInt(document.getElementById("n-step")?.textContent ?? "", 10) >= expected,
    minimum,
  );
}

/** The file that a button downloads. */
export async function download(page: Page, id: string): Promise<{ name: string; bytes: Uint8Array }> {
  const [file] = await Promise.all([page.waitForEvent("download"), page.click(`#${id}`)]);
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}
