import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { documents, programs } from "../../scripts/docs/pages.mjs";
import { runProgram, serveSite, shortened } from "../../scripts/docs/try-programs.mjs";
import type { Site } from "../../scripts/serve.mjs";
import { fittingLosses } from "../../ts/loss/index.js";
import { describeBrowser, launch } from "../browser/chromium.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const base = "/adjoint/";
const pictures = `${root}results/site`;

describeBrowser("the documentation site, below a path of its server", () => {
  let browser: Browser;
  let site: Site;
  let page: Page;
  /** Addresses outside of the site that a page asked for. */
  const outside: string[] = [];
  const faults: string[] = [];

  beforeAll(async () => {
    // npm test has built it.
    if (!existsSync(`${root}dist/site/index.html`))
      execFileSync(process.execPath, [`${root}scripts/docs.mjs`, "--no-build", "--base", base], { stdio: "inherit" });
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
  }, 900_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  const open = async (name: string): Promise<void> => void (await page.goto(`${site.origin}${base}${name}`));

  it("has every document as a page, needs nothing from elsewhere, and looks as in results/site", async () => {
    for (const name of [...documents().values()].map((each) => `${each}.html`)) {
      const response = await page.request.get(`${site.origin}${base}${name}`);
      expect(response.status(), name).toBe(200);
    }
    for (const name of ["index", "concepts", "losses", "playground", "benchmarks", "recipes/ct", "reference/index"]) {
      await open(`${name}.html`);
      await page.waitForLoadState("networkidle");
      const file = name.replace("/", "-");
      await page.screenshot({ path: `${pictures}/${file}.png` });
      await page.setViewportSize({ width: 390, height: 844 });
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      await page.screenshot({ path: `${pictures}/${file}-phone.png` });
      await page.setViewportSize({ width: 1280, height: 900 });
      // A page on a phone does not move sideways.
      expect(wide, name).toBeLessThanOrEqual(1);
    }
    expect(outside).toEqual([]);
    expect(faults).toEqual([]);
  }, 600_000);

  it("finds words of the documents", async () => {
    await open("install.html");
    await page.keyboard.press("Control+k");
    await page.locator("#localsearch-input").fill("Equivariant imaging");
    await expect
      .poll(async () => await page.locator("#localsearch-list").innerText(), { timeout: 60_000 })
      .toContain("CT");
  }, 300_000);

  it("chooses losses by the table of assumptions", async () => {
    await open("losses.html");
    await page.locator("select[name=noise]").selectOption("poisson");
    await page.locator("select[name=operator]").selectOption("inpainting");
    await page.locator("select[name=truth]").selectOption("yes");
    const shown = await page
      .locator("[data-loss]")
      .evaluateAll((items) => items.map((item) => item.getAttribute("data-loss")));
    expect(shown.sort()).toEqual([...fittingLosses({ noise: "poisson", operator: "inpainting" })].sort());
  }, 300_000);

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
  }, 300_000);

  it.each(programs().map(({ title, code }) => [title, code] as const))(
    "runs %s",
    async (_, code) => {
      if (!page.url().includes("/playground")) await open("playground.html");
      const { end } = await runProgram(page, base, shortened(code));
      expect(end.text ?? "").toBe("");
      expect(end.type).toBe("done");
    },
    400_000,
  );
});
