import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { serve, type Site } from "../../scripts/serve.mjs";
import { readPixels } from "../../ts/io/index.js";
import { expectedImages, fixture, fixtureFolder } from "../io/fixtures.js";
import { bundleHarness } from "./bundle.js";
import { describeBrowser, launch } from "./chromium.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

describeBrowser("image files in Chromium", () => {
  let browser: Browser;
  let bundle: Awaited<ReturnType<typeof bundleHarness>>;
  let site: Site;
  let page: Page;
  beforeAll(async () => {
    [browser, bundle] = await Promise.all([launch(), bundleHarness()]);
    site = await serve({
      "/page/": join(root, "test/browser/harness/"),
      "/harness/": `${bundle.folder}/`,
      "/fixtures/": `${fixtureFolder}/`,
    });
    page = await browser.newPage();
    await page.goto(`${site.origin}/page/page.html`);
    await page.waitForFunction(() => "harness" in globalThis);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await bundle?.remove();
  });

  it("have the pixels that tifffile and PIL read, and those of Node", { timeout: 120_000 }, async () => {
    for (const [name, { shape, sample, values, tolerance = 0 }] of Object.entries(expectedImages())) {
      const got = await page.evaluate(async (url) => await harness.pixels(url), `/fixtures/${name}`);
      // A browser shows the first image of an animation.
      const expected = name === "frames.gif" ? [1, ...shape.slice(1)] : shape;
      expect(got.shape, name).toEqual(expected);
      expect(got.sample, name).toBe(sample);
      const worst = got.data.reduce((most, value, i) => {
        const same = Object.is(value, Math.fround(values[i]!));
        return same ? most : Math.max(most, Math.abs(value - values[i]!));
      }, 0);
      expect(worst, name).toBeLessThanOrEqual(tolerance);
      if (/\.(?:tif|png)$/.test(name)) {
        const here = await readPixels(fixture(name), { scale: "none", page: "all" });
        expect(Float32Array.from(got.data), name).toEqual(here.data);
      }
    }
  });

  it("and are refused as in Node", async () => {
    const code = async (name: string, options = {}) =>
      await page.evaluate(async ([url, rules]) => await harness.refused(url, rules), [
        `/fixtures/${name}`,
        options,
      ] as const);
    expect(await code("jpeg2000.tif")).toBe("image_unsupported");
    expect(await code("expected.json")).toBe("image_invalid");
    expect(await code("grey8.png", { maxPixels: 142 })).toBe("image_too_large");
    expect(await code("none.png")).toBe("file_not_found");
  });
});
