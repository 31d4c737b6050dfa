// A Chromium without a window, and a page of it as a side.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const places = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"];
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** A running browser, or undefined where none is found; the variable CHROMIUM names one. */
export async function launch() {
  const executablePath = places.find((path) => path && existsSync(path));
  return executablePath && (await chromium.launch({ executablePath, headless: true, args: flags }));
}

/** Opens a page of its own process for a library; the same interface as a peer's process has. */
export async function openPage(browser, origin, library, options = {}) {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on("pageerror", (error) => process.stderr.write(`page: ${error.message}\n`));
  await page.goto(`${origin}/page.html`);
  await page.waitForFunction(() => "start" in globalThis);
  const about = await page.evaluate(([name, settings]) => globalThis.start(name, settings), [library, options]);
  return {
    about,
    time: (name, steps) => page.evaluate(([c, n]) => globalThis.side.time(c, n), [name, steps]),
    check: () => page.evaluate(() => globalThis.side.check()),
    stop: () => context.close(),
  };
}
