import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { documents, programs } from "../../scripts/docs/pages.mjs";
import { runProgram, serveSite, shortened } from "../../scripts/docs/try-programs.mjs";
import type { Site } from "../../scripts/serve.mjs";
import { fittingLosses } from "../../ts/loss/index.js";
import { describeBrowser, launch } from "../browser/chromium.js";

const base = process.env["ADJOINT_SITE_BASE"] ?? "/";
const pictures = fileURLToPath(new URL("../../results/site", import.meta.url));
const shownPages = [
  "index",
  "install",
  "first-training",
  "losses",
  "gallery",
  "playground",
  "benchmarks",
  "architecture",
  "recipes/ct",
  "differences-from-deepinv",
  "reference/modules/index",
];

describeBrowser("the documentation site, below a path of its server and without any other server", () => {
  let browser: Browser;
  let site: Site;
  let page: Page;
  /** Addresses outside of the site that a page asked for. */
  const outside: string[] = [];
  const faults: string[] = [];

  beforeAll(async () => {
    [browser, site] = await Promise.all([launch(), serveSite(base)]);
    await mkdir(pictures, { recursive: true });
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(120_000);
    page.on("pageerror", (error) => faults.push(error.message));
    page.on("response", (response) => {
      if (response.status() >= 400) faults.push(`${response.status()} ${response.url()}`);
    });
    await page.route("**", async (route) => {
      const own = route.request().url().startsWith(site.origin) || /^(?:data|blob):/.test(route.request().url());
      if (!own) outside.push(route.request().url());
      await (own ? route.continue() : route.abort());
    });
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  const open = async (name: string): Promise<void> => void (await page.goto(`${site.origin}${base}${name}`));

  it("has every document as a page", async () => {
    for (const name of [...documents().values()].map((each) => `${each}.html`)) {
      const response = await page.request.get(`${site.origin}${base}${name}`);
      expect(response.status(), name).toBe(200);
    }
  });

  it("looks as in results/site, light and dark; on a phone no page moves sideways", async () => {
    for (const [suffix, viewport] of [
      ["", { width: 1280, height: 900 }],
      ["-phone", { width: 390, height: 844 }],
    ] as const) {
      await page.setViewportSize(viewport);
      for (const name of shownPages) {
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          await open(`${name}.html`);
          await page.waitForLoadState("networkidle");
          const { scrollWidth, clientWidth } = await page.evaluate(() => {
            const { scrollWidth, clientWidth } = document.documentElement;
            return { scrollWidth, clientWidth };
          });
          expect(scrollWidth, name).toBeLessThanOrEqual(clientWidth + 1);
          await page.screenshot({ path: `${pictures}/${name.replaceAll("/", "-")}${suffix}-${colorScheme}.png` });
        }
      }
    }
    await page.setViewportSize({ width: 1280, height: 900 });
    expect(faults).toEqual([]);
  });

  it("finds words of the documents", async () => {
    await open("install.html");
    await page.keyboard.press("Control+k");
    await page.locator("#localsearch-input").fill("Equivariant imaging");
    await expect
      .poll(async () => await page.locator("#localsearch-list").innerText(), { timeout: 60_000 })
      .toContain("CT");
  });

  it.each([
    ["poisson", "inpainting"],
    ["gaussian", "mri"],
    ["rician", "denoising"],
  ] as const)("chooses losses for %s noise and %s by the table of assumptions", async (noise, operator) => {
    await open("losses.html");
    await page.locator("select[name=noise]").selectOption(noise);
    await page.locator("select[name=operator]").selectOption(operator);
    await page.locator("select[name=truth]").selectOption("yes");
    const shown = await page
      .locator("[data-loss]")
      .evaluateAll((items) => items.map((item) => item.getAttribute("data-loss")));
    expect(shown.sort()).toEqual([...fittingLosses({ noise, operator })].sort());
  });

  it("runs a program that the reader changed, with its pictures and its curve", async () => {
    await open("first-training.html");
    const program = page.locator(".program").first();
    await program.getByRole("button", { name: "Edit" }).click();
    const editor = program.locator("textarea");
    await editor.fill(`${shortened(await editor.inputValue())}console.log("changed");\n`);
    await program.getByRole("button", { name: "Run" }).click();
    await expect.poll(async () => await program.getAttribute("data-state"), { timeout: 240_000 }).not.toBe("running");
    expect(await program.locator(".program-message").innerText()).toMatch(/^done in /);
    expect(await program.locator(".program-log").innerText()).toContain("changed");
    const names = await program.locator(".program-images figcaption b").allInnerTexts();
    expect(names).toEqual(["truth", "measured", "cleaned"]);
    await program.screenshot({ path: `${pictures}/program.png` });
  });

  it("says what is wrong with a program, and where it comes from", async () => {
    await open("playground.html");
    const { end } = await runProgram(
      page,
      base,
      'import { init, ones } from "adjoint";\nawait init();\nones([2]).add(ones([3]));',
    );
    expect(end).toMatchObject({ type: "error", text: expect.stringMatching(/^ShapeError: .*\.$/s) });
    const wrong = await runProgram(page, base, 'import { x } from "elsewhere";\nx();');
    expect(wrong.end.text).toBe(
      'Error: import "elsewhere": the playground has adjoint, adjoint/testing, ../shared/index.mjs.',
    );
  });

  it.each(programs().map(({ title, code }) => [title, code] as const))("runs %s", async (_, code) => {
    if (!page.url().includes("/playground")) await open("playground.html");
    const { end } = await runProgram(page, base, shortened(code));
    expect(end.text ?? "").toBe("");
    expect(end.type).toBe("done");
  });

  it("needed nothing from elsewhere", () => expect(outside).toEqual([]));
});
