import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { directory, listCases } from "../golden/suite.js";
import { bundleHarness } from "./bundle.js";
import { describeBrowser, launch } from "./chromium.js";
import * as here from "./harness/main.js";
import { serve, type Site } from "../../scripts/serve.mjs";
import { SLOW } from "./webgpu-cases.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
type Harness = typeof here;

/** Largest difference of two lists, relative to the largest entry of the second. */
function distance(got: readonly number[], expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs), 1e-30);
  return expected.length === got.length
    ? Math.max(...expected.map((value, i) => Math.abs(value - got[i]!))) / scale
    : Infinity;
}

// Chromium computes WebGPU on the processor here (SwiftShader): correct, and hundreds of times slower than a graphics
// card, so everything is tiny.
describeBrowser("webgpu in Chromium", () => {
  let browser: Browser;
  let bundle: Awaited<ReturnType<typeof bundleHarness>>;
  let site: Site;
  let page: Page;

  async function open(): Promise<Page> {
    const fresh = await browser.newPage();
    await fresh.goto(`${site.origin}/page/page.html`);
    await fresh.waitForFunction(() => "harness" in globalThis);
    return fresh;
  }

  /** A page of its own, closed afterwards. */
  async function alone<T>(work: (fresh: Page) => Promise<T>): Promise<T> {
    const fresh = await open();
    try {
      return await work(fresh);
    } finally {
      await fresh.close();
    }
  }

  beforeAll(async () => {
    [browser, bundle] = await Promise.all([launch({ gpu: true }), bundleHarness()]);
    site = await serve({
      "/page/": join(root, "test/browser/harness/"),
      "/harness/": `${bundle.folder}/`,
      "/cases/": `${directory}/`,
      "/wasm/": join(root, "dist/wasm/"),
    });
    page = await open();
    await page.evaluate(
      async () => await (globalThis as unknown as { harness: Harness }).harness.init({ device: "webgpu" }),
    );
    await here.init();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await bundle?.remove();
  });

  it("auto takes webgpu where there is an adapter, and nothing but the module that has it is loaded", async () => {
    await alone(async (fresh) => {
      const requests: string[] = [];
      fresh.on(
        "request",
        (request) =>
          void (
            request.url().endsWith(".wasm") &&
            requests.push(new URL(request.url()).pathname.replace(/-[\w-]+\.wasm$/, ".wasm"))
          ),
      );
      const name = await fresh.evaluate(async () => {
        const { init, device } = (globalThis as unknown as { harness: Harness }).harness;
        await init({ device: "auto" });
        return device();
      });
      expect(name).toBe("webgpu");
      expect(requests).toEqual(["/harness/assets/adjoint_wasm_gpu_bg.wasm"]);
    });
  });

  it("a visitor of the cpu alone does not download the larger module", async () => {
    await alone(async (fresh) => {
      const requests: string[] = [];
      fresh.on("request", (request) => void (request.url().endsWith(".wasm") && requests.push(request.url())));
      await fresh.evaluate(async () => await (globalThis as unknown as { harness: Harness }).harness.init());
      expect(requests.length).toBe(1);
      expect(requests[0]).not.toContain("gpu");
    });
  });

  it("derivatives of both orders are the processor's within 1e-4 of the largest entry", async () => {
    const got = await page.evaluate(
      async () => await (globalThis as unknown as { harness: Harness }).harness.derivatives(),
    );
    const expected = await here.derivatives();
    expect(Object.keys(got)).toEqual(Object.keys(expected));
    expect(Object.keys(got).length).toBeGreaterThan(3 * here.tapeNames.length);
    for (const [name, values] of Object.entries(expected))
      expect(distance(got[name]!, values), name).toBeLessThan(1e-4);
  });

  describe("golden cases in float32", () => {
    const all = listCases(directory).map(({ golden }) => golden.name);
    const names = all.filter((name) => !SLOW.has(name));
    // Another directory of cases has others.
    it("the slow ones, which are left out, exist", () =>
      expect(all).toEqual(expect.arrayContaining(process.env.ADJOINT_GOLDEN_DIR ? [] : [...SLOW])));
    it.each(names)("%s", async (name) => {
      const failed = await page.evaluate(
        async ([address, list]) =>
          await (globalThis as unknown as { harness: Harness }).harness.golden(address, list, {
            device: "webgpu",
            dtype: "float32",
          }),
        [`${site.origin}/cases/`, [name]] as const,
      );
      expect(failed).toEqual({});
    });
  });

  it("ten steps of the Trainer give the processor's losses and weights", async () => {
    const got = await page.evaluate(
      async () => await (globalThis as unknown as { harness: Harness }).harness.train(10, "SGD"),
    );
    const expected = await here.train(10, "SGD");
    expect(distance(got.losses, expected.losses)).toBeLessThan(1e-4);
    expect(Object.keys(got.weights)).toEqual(Object.keys(expected.weights));
    for (const [name, values] of Object.entries(expected.weights))
      expect(distance(got.weights[name]!, values), name).toBeLessThan(1e-4);
  });

  it("memory is flat from the second step on", async () => {
    // A page of its own: the finaliser has nothing of other tests to free.
    const seen = await alone(
      async (fresh) =>
        await fresh.evaluate(async () => {
          const { init, memoryOnGpu } = (globalThis as unknown as { harness: Harness }).harness;
          await init({ device: "webgpu" });
          return await memoryOnGpu(40);
        }),
    );
    expect(seen.length).toBe(40);
    expect(seen.at(-1)).toEqual(seen[1]);
  });

  it("what came from the host can be read at once; a result says that it must be waited for", async () => {
    const { known, drawn, error } = await page.evaluate(
      async () => await (globalThis as unknown as { harness: Harness }).harness.readable(),
    );
    expect(known).toEqual([1, 2, 3]);
    expect(drawn).toBe(4);
    expect(error).toMatchObject({
      name: "DeviceError",
      code: "cannot_block",
      message: expect.stringContaining("await data()") as string,
    });
  });

  it("init() changes between the processor and webgpu", async () => {
    const told = await alone(
      async (fresh) =>
        await fresh.evaluate(async () => await (globalThis as unknown as { harness: Harness }).harness.change()),
    );
    expect(told).toMatchObject({
      onCpu: [2, 3],
      onGpu: [2, 3],
      name: "webgpu",
      back: [2, 3],
      backName: "cpu",
      live: [6],
    });
    expect(told.stale).toMatchObject({
      name: "ArgumentError",
      code: "disposed",
      message: expect.stringContaining("init()") as string,
    });
  });

  it("a lost graphics device rejects what waits and every later call; init() gives a working runtime, with webgpu too", async () => {
    const told = await alone(
      async (fresh) =>
        await fresh.evaluate(async () => await (globalThis as unknown as { harness: Harness }).harness.lose()),
    );
    expect(told.found).toBe(true);
    expect(told.before).toEqual([2, 3]);
    for (const error of [told.waiting, ...told.after])
      expect(error).toMatchObject({
        name: "DeviceError",
        code: "runtime_lost",
        message: expect.stringContaining("graphics device") as string,
      });
    expect(told.onCpu).toEqual([2, 3]);
    expect(told.onGpu).toEqual([2, 3]);
    expect(told.name).toBe("webgpu");
  });
});
