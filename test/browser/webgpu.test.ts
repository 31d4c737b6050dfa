import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { directory, listCases } from "../golden/suite.js";
import { bundleHarness } from "./bundle.js";
import { describeBrowser, launch } from "./chromium.js";
import * as here from "./harness/main.js";
import { serve, type Site } from "../../scripts/serve.mjs";
import { READING, SLOW } from "./webgpu-cases.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Largest difference between two lists, relative to the largest entry of the second. */
function distance(got: readonly number[], expected: readonly number[]): number {
  const scale = Math.max(...expected.map(Math.abs), 1e-30);
  return expected.length === got.length
    ? Math.max(...expected.map((value, i) => Math.abs(value - got[i]!))) / scale
    : Infinity;
}

// Chromium runs WebGPU on the CPU here (SwiftShader), which is correct but hundreds of times slower than a graphics
// card, so all sizes are tiny.
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

  /** Runs a function with a new page, which is closed afterwards. */
  async function withNewPage<T>(work: (fresh: Page) => Promise<T>): Promise<T> {
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
    await page.evaluate(async () => await harness.init({ device: "webgpu" }));
    await here.init();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await bundle?.remove();
  });

  /** What `auto` selects, the modules that it loads and the row of webgpu, where the adapter says this of itself. */
  const auto = async (info?: Record<string, string>) =>
    await withNewPage(async (fresh) => {
      const requests: string[] = [];
      fresh.on(
        "request",
        (request) =>
          void (
            request.url().endsWith(".wasm") &&
            requests.push(new URL(request.url()).pathname.replace(/-[\w-]+\.wasm$/, ".wasm"))
          ),
      );
      const selected = await fresh.evaluate(async (described) => {
        const gpu = navigator.gpu;
        const request = gpu.requestAdapter.bind(gpu);
        if (described)
          gpu.requestAdapter = async (options) => {
            const adapter = await request(options);
            const { subgroupMinSize, subgroupMaxSize } = adapter?.info ?? {};
            const value = { device: "", description: "", subgroupMinSize, subgroupMaxSize, ...described };
            return adapter && Object.defineProperty(adapter, "info", { value });
          };
        const { init, device, devices } = harness;
        await init({ device: "auto" });
        return { device: device(), row: devices().find(({ name }) => name === "webgpu") };
      }, info);
      return { ...selected, requests };
    });

  it("auto is the cpu where the adapter is Chromium's renderer, and loads no module with WebGPU", async () => {
    const { device, requests } = await auto();
    expect(device).toBe("cpu");
    expect(requests).toHaveLength(1);
    expect(requests[0]).not.toContain("gpu");
  });

  it("auto is webgpu where the adapter is a graphics card, and loads only the module that supports it", async () => {
    const { device, row, requests } = await auto({ vendor: "nvidia", architecture: "ampere" });
    expect(device).toBe("webgpu");
    expect(row).toEqual({ name: "webgpu", available: true, detail: "nvidia ampere", kind: "hardware" });
    expect(requests).toEqual(["/harness/assets/adjoint_wasm_gpu_bg.wasm"]);
  });

  it("says that its renderer computes in software", async () => {
    const rows = await page.evaluate(() => harness.devices());
    expect(rows).toContainEqual({
      name: "webgpu",
      available: true,
      detail: expect.stringContaining("swiftshader") as string,
      kind: "software",
    });
  });

  it("init() for the cpu does not download the larger module", async () => {
    await withNewPage(async (fresh) => {
      const requests: string[] = [];
      fresh.on("request", (request) => void (request.url().endsWith(".wasm") && requests.push(request.url())));
      await fresh.evaluate(async () => await harness.init());
      expect(requests.length).toBe(1);
      expect(requests[0]).not.toContain("gpu");
    });
  });

  it("first and second derivatives are those of the CPU within 1e-4 of the largest entry", async () => {
    const got = await page.evaluate(async () => await harness.derivatives());
    const expected = await here.derivatives();
    expect(Object.keys(got)).toEqual(Object.keys(expected));
    expect(Object.keys(got).length).toBeGreaterThan(3 * here.tapeNames.length);
    for (const [name, values] of Object.entries(expected))
      expect(distance(got[name]!, values), name).toBeLessThan(1e-4);
  });

  it("gradients by kernels of their own are those of the CPU within 1e-4 of the largest entry", async () => {
    const got = await page.evaluate(async () => await harness.kernelGradients());
    const expected = await here.kernelGradients();
    expect(Object.keys(got)).toEqual(Object.keys(expected));
    for (const [name, values] of Object.entries(expected))
      expect(distance(got[name]!, values), name).toBeLessThan(1e-4);
  });

  describe("golden cases in float32", () => {
    const cases = listCases(directory).map(({ golden }) => golden);
    const all = cases.map(({ name }) => name);
    const quick = cases.filter(({ name }) => !SLOW.has(name) && !READING.has(name));
    // One of each class: this tests the module. On webgpu in Node all cases run.
    const names = quick
      .filter((golden, i) => quick.findIndex((other) => other.class === golden.class) === i)
      .map(({ name }) => name);
    // Another directory of cases may not have them.
    it("the cases that are skipped exist", () =>
      expect(all).toEqual(expect.arrayContaining(process.env.ADJOINT_GOLDEN_DIR ? [] : [...SLOW, ...READING])));
    it.each(names)("%s", async (name) => {
      const failed = await page.evaluate(
        async ([baseUrl, list]) =>
          await harness.golden(baseUrl, list, {
            device: "webgpu",
            dtype: "float32",
          }),
        [`${site.origin}/cases/`, [name]] as const,
      );
      expect(failed).toEqual({});
    });
  });

  it("ten steps of the Trainer give the losses and weights of the CPU", async () => {
    const got = await page.evaluate(async () => await harness.train(10, "SGD"));
    const expected = await here.train(10, "SGD");
    expect(distance(got.losses, expected.losses)).toBeLessThan(1e-4);
    expect(Object.keys(got.weights)).toEqual(Object.keys(expected.weights));
    for (const [name, values] of Object.entries(expected.weights))
      expect(distance(got.weights[name]!, values), name).toBeLessThan(1e-4);
  });

  it("memory is constant after the second step", async () => {
    // A new page, so that the finaliser frees nothing of other tests.
    const seen = await withNewPage(
      async (fresh) =>
        await fresh.evaluate(async () => {
          const { init, memoryOnGpu } = harness;
          await init({ device: "webgpu" });
          return await memoryOnGpu(40);
        }),
    );
    expect(seen.length).toBe(40);
    expect(seen.at(-1)).toEqual(seen[1]);
  });

  it("uploads and draws can be read synchronously; results only asynchronously", async () => {
    const { uploaded, drawn, error } = await page.evaluate(async () => await harness.readable());
    expect(uploaded).toEqual([1, 2, 3]);
    expect(drawn).toBe(4);
    expect(error).toMatchObject({
      name: "DeviceError",
      code: "cannot_block",
      message: expect.stringContaining("await data()") as string,
    });
  });

  it("init() changes between cpu and webgpu", async () => {
    const result = await withNewPage(async (fresh) => await fresh.evaluate(async () => await harness.changeDevice()));
    expect(result).toMatchObject({
      onCpu: [2, 3],
      onGpu: [2, 3],
      name: "webgpu",
      back: [2, 3],
      backName: "cpu",
      live: [6],
    });
    expect(result.stale).toMatchObject({
      name: "ArgumentError",
      code: "disposed",
      message: expect.stringContaining("init()") as string,
    });
  });

  it("a lost graphics device rejects pending and later calls; init() starts a new runtime", async () => {
    const result = await withNewPage(async (fresh) => await fresh.evaluate(async () => await harness.loseDevice()));
    expect(result.found).toBe(true);
    expect(result.before).toEqual([2, 3]);
    for (const error of [result.waiting, ...result.after])
      expect(error).toMatchObject({
        name: "DeviceError",
        code: "runtime_lost",
        message: expect.stringContaining("graphics device") as string,
      });
    expect(result.onCpu).toEqual([2, 3]);
    expect(result.onGpu).toEqual([2, 3]);
    expect(result.name).toBe("webgpu");
  });
});
