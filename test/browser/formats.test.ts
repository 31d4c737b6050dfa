import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ReadArrayOptions } from "../../ts/io/index.js";
import { serve, type Site } from "../../scripts/serve.mjs";
import { bundleHarness } from "./bundle.js";
import { describeBrowser, launch } from "./chromium.js";
import type * as formats from "./harness/formats.js";

const folder = fileURLToPath(new URL("harness/", import.meta.url));
const fixtures = fileURLToPath(new URL("../formats/fixtures", import.meta.url));

interface Case {
  readonly file: string;
  readonly options: ReadArrayOptions;
  readonly shape: number[];
  readonly dtype: string;
  readonly values: (number | string)[];
  readonly code?: string;
}

describeBrowser("files in Chromium", () => {
  let browser: Browser;
  let bundle: Awaited<ReturnType<typeof bundleHarness>>;
  let site: Site;
  let page: Page;

  beforeAll(async () => {
    [browser, bundle] = await Promise.all([launch(), bundleHarness("formats")]);
    site = await serve({ "/harness/": `${bundle.folder}/`, "/fixtures/": `${fixtures}/`, "/page/": folder });
    page = await browser.newPage();
    await page.goto(`${site.origin}/page/page.html`);
    await page.waitForFunction(() => "harness" in globalThis);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await bundle?.remove();
  });

  it("reads every fixture as Node does", async () => {
    const cases = (JSON.parse(readFileSync(join(fixtures, "arrays/cases.json"), "utf8")) as Case[]).filter(
      // A browser cannot list what is in a folder, so that the error cannot name the arrays.
      ({ file, code }) => !(file.endsWith(".zarr") && code?.startsWith("missing_")),
    );
    const filesOf = (file: string): string[] => {
      const isFolder = statSync(join(fixtures, "arrays", file)).isDirectory();
      return isFolder && !file.endsWith(".zarr")
        ? readdirSync(join(fixtures, "arrays", file)).map((name) => `${file}/${name}`)
        : [file];
    };
    const asked = cases.map(({ file, options }) => ({ file, options, files: filesOf(file) }));
    const read = await page.evaluate(
      async ([origin, list]) => {
        const module = (globalThis as { harness?: unknown }).harness as typeof formats;
        return await module.arrays(`${origin}/fixtures/arrays/`, list);
      },
      [site.origin, asked] as const,
    );
    cases.forEach(({ file, options, code, shape, dtype, values }, i) => {
      const title = `${file} ${JSON.stringify(options)}`;
      if (code !== undefined) {
        expect(read[i], title).toMatchObject({ code });
        return;
      }
      const isSingle = /float16|float32|complex64/.test(dtype);
      const right = values.map(Number).map((value) => (isSingle ? Math.fround(value) : value));
      expect(read[i], title).toEqual({ shape, dtype, values: right });
    });
  });

  it("reads weights of torch.save", async () => {
    type Expected = Record<string, { shape: number[]; values: (number | string)[] }>;
    const expected = JSON.parse(readFileSync(join(fixtures, "weights/types.json"), "utf8")) as Expected;
    const read = await page.evaluate(async (origin) => {
      const module = (globalThis as { harness?: unknown }).harness as typeof formats;
      return await module.weights(`${origin}/fixtures/weights/types.pt`);
    }, site.origin);
    for (const [name, { shape, values }] of Object.entries(expected)) {
      expect(read[name]?.shape, name).toEqual(shape);
      const isDouble = /64|128/.test(name) && name !== "complex64";
      const right = values.map(Number).map((value) => (isDouble ? value : Math.fround(value)));
      expect(
        read[name]?.values.map((value) => (isDouble ? value : Math.fround(value))),
        name,
      ).toEqual(right);
    }
  });
});
