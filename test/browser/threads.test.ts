import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isolation, serve, type Site } from "../../scripts/serve.mjs";
import { bundleHarness } from "./bundle.js";
import { describeBrowser, launch } from "./chromium.js";

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const isBuilt = existsSync(file("../../dist/wasm/adjoint_wasm_threads_bg.wasm"));

describeBrowser("threads in Chromium", () => {
  let browser: Browser;
  let bundle: Awaited<ReturnType<typeof bundleHarness>>;
  const sites: Site[] = [];

  /** Opens a page that is served with headers, and collects its warnings. */
  async function open(headers: Readonly<Record<string, string>>): Promise<{ page: Page; warnings: string[] }> {
    const site = await serve({ "/page/": file("./harness/"), "/harness/": `${bundle.folder}/` }, { headers });
    sites.push(site);
    const page = await browser.newPage();
    const warnings: string[] = [];
    page.on("console", (message) => void (message.type() === "warning" && warnings.push(message.text())));
    await page.goto(`${site.origin}/page/page.html`);
    await page.waitForFunction(() => "harness" in globalThis);
    return { page, warnings };
  }
  const init = async (page: Page, threads?: number) =>
    await page.evaluate(async (n) => await harness.failure(() => harness.init(n ? { threads: n } : {})), threads);

  /** Chromium tells of the end of workers later. */
  const ended = async (page: Page) => await expect.poll(() => page.workers().length, { timeout: 20_000 }).toBe(0);

  beforeAll(async () => {
    [browser, bundle] = await Promise.all([launch(), bundleHarness()]);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await Promise.all(sites.map(async (site) => await site.close()));
    await bundle?.remove();
  });

  it("a page that is not isolated computes with one thread, and one line says why", async () => {
    const { page, warnings } = await open({});
    expect([await init(page, 2), await init(page, 2)]).toEqual([undefined, undefined]);
    expect(await page.evaluate(() => [harness.threads(), harness.sum()])).toEqual([1, [3, 5]]);
    expect(warnings.filter((line) => line.startsWith("adjoint:"))).toEqual([
      "adjoint: one thread computes: the page is not cross-origin isolated; serve it with " +
        "Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.",
    ]);
    await page.close();
  });

  if (!isBuilt) {
    it("an isolated page computes with one thread where the module with threads is not built", async () => {
      const { page, warnings } = await open(isolation);
      expect(await init(page, 2)).toBeUndefined();
      expect(await page.evaluate(() => [harness.threads(), harness.sum()])).toEqual([1, [3, 5]]);
      expect(warnings.join()).toContain("adjoint_wasm_threads_bg.wasm is not built");
      await page.close();
    });
    it.skip("bits, failures and ends of workers: npm run build:wasm -- --threads was not run", () => undefined);
    return;
  }

  describe("in an isolated page", () => {
    it("two and three threads give the bits of one; fewer threads end the workers", async () => {
      const { page, warnings } = await open(isolation);
      await init(page);
      const one = await page.evaluate(() => harness.computed());
      for (const count of [2, 3]) {
        expect(await init(page, count)).toBeUndefined();
        expect(await page.evaluate(() => harness.threads())).toBe(count);
        expect(page.workers().length).toBe(count - 1);
        expect(await page.evaluate(() => harness.computed())).toEqual(one);
      }
      expect(await page.evaluate(async () => await harness.joined())).toBeGreaterThan(0);
      expect(await init(page, 1)).toBeUndefined();
      await ended(page);
      expect(await page.evaluate(() => harness.computed())).toEqual(one);
      expect(warnings).toEqual([]);
      await page.close();
    });

    it("starting and ending workers again and again takes no more memory", async () => {
      const { page } = await open(isolation);
      const heap = await page.evaluate(async () => {
        const sizes = [];
        for (let i = 0; i < 6; i++) {
          await harness.init({ threads: 3 });
          harness.computed();
          await harness.init({ threads: 1 });
          sizes.push(harness.heapBytes());
        }
        return sizes;
      });
      // Each round would keep two stacks of 2 MiB; what remains is the allocator's cutting of free memory.
      expect(heap[5]! - heap[2]!).toBeLessThan(2 << 20);
      await page.close();
    });

    it("a worker that stopped within a task stops the module and its workers; init() starts it anew", async () => {
      const { page } = await open(isolation);
      await init(page, 2);
      await page.evaluate(async () => await harness.failWorker());
      const lost = await page.evaluate(async () => await harness.failure(() => void harness.computed()));
      expect(lost).toMatchObject({ name: "DeviceError", code: "runtime_lost" });
      await ended(page);
      expect(await init(page)).toBeUndefined();
      expect(page.workers().length).toBe(1);
      expect(await page.evaluate(() => harness.sum())).toEqual([3, 5]);
      await page.close();
    });

    it("a worker that the page's policy forbids is an error, after which one thread computes", async () => {
      const { page } = await open({ ...isolation, "content-security-policy": "worker-src 'none'" });
      expect(await init(page, 2)).toMatchObject({
        name: "DeviceError",
        code: "threads_failed",
        message: expect.stringMatching(/^init: a thread does not start \(.*\); use init\({ threads: 1 }\)/),
      });
      expect(await init(page, 1)).toBeUndefined();
      expect(await page.evaluate(() => harness.sum())).toEqual([3, 5]);
      await page.close();
    });
  });
});
