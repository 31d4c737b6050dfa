import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPixels } from "../../ts/io/index.js";
import { directory, judge, listCases, pending } from "../golden/suite.js";
import { bundleHarness } from "./bundle.js";
import { describeBrowser, launch } from "./chromium.js";
import * as here from "./harness/main.js";
import { serve, type Site } from "../../scripts/serve.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

describeBrowser("the library in Chromium", () => {
  let browser: Browser;
  let bundle: Awaited<ReturnType<typeof bundleHarness>>;
  let site: Site;
  let page: Page;

  /** Opens a page with the global variable `harness`. */
  async function open(within: Browser = browser): Promise<Page> {
    const fresh = await within.newPage();
    await fresh.goto(`${site.origin}/page/page.html`);
    await fresh.waitForFunction(() => "harness" in globalThis);
    return fresh;
  }

  beforeAll(async () => {
    [browser, bundle] = await Promise.all([launch(), bundleHarness()]);
    site = await serve({
      "/page/": join(root, "test/browser/harness/"),
      "/harness/": `${bundle.folder}/`,
      "/cases/": `${directory}/`,
      "/images/": join(root, "examples/images/"),
      "/wasm/": join(root, "dist/wasm/"),
    });
    page = await open();
    await page.evaluate(async () => await harness.init());
    await here.init();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await bundle?.remove();
  });

  // Chromium supports relaxed SIMD and loads that module by default; other engines load the plain one.
  describe.each([
    ["float64", ""],
    ["float32", ""],
    ["float32", "adjoint_wasm_bg.wasm"],
  ] as const)("golden cases in %s %s", (dtype, module) => {
    const cases = listCases(directory);
    let failed: Record<string, string> = {};
    beforeAll(async () => {
      const names = cases.map(({ golden }) => golden.name);
      const within = module === "" ? page : await open();
      if (module !== "")
        await within.evaluate(async (url) => await harness.init({ wasm: url }), `${site.origin}/wasm/${module}`);
      failed = await within.evaluate(
        async ([address, list, type]) =>
          await harness.golden(address, list, {
            device: "cpu",
            dtype: type,
          }),
        [`${site.origin}/cases/`, names, dtype] as const,
      );
      if (within !== page) await within.close();
    }, 300_000);
    for (const { golden } of cases) {
      it(golden.name, async () => {
        await judge(golden.name, pending, () =>
          failed[golden.name] === undefined ? Promise.resolve() : Promise.reject(new Error(failed[golden.name])),
        );
      });
    }
  });

  describe("tape checks", () => {
    let failed: Record<string, string> = {};
    beforeAll(async () => {
      failed = await page.evaluate(() => harness.tape());
    }, 180_000);
    for (const name of here.tapeNames)
      it(`derivatives of both orders: ${name}`, () => expect(failed[name]).toBeUndefined());
  });

  it("random streams are bit for bit those of Node", async () => {
    const got = await page.evaluate(() => harness.randomBytes());
    const expected = here.randomBytes();
    expect(expected.length).toBeGreaterThan(10_000);
    expect(got).toEqual(expected);
  });

  it.each(["SGD", "Adam"] as const)(
    "ten steps of the Trainer give the losses of Node, and with SGD the weights, within 1e-5: %s",
    async (optimiser) => {
      const got = await page.evaluate(async (name) => await harness.train(10, name), optimiser);
      const expected = await here.train(10, optimiser);
      expect(got.losses.length).toBe(1);
      expect(Math.abs(got.losses[0]! - expected.losses[0]!)).toBeLessThanOrEqual(1e-5 * Math.abs(expected.losses[0]!));
      expect(Object.keys(got.weights)).toEqual(Object.keys(expected.weights));
      // Adam normalises gradients: one that is only rounding error becomes a full step in an arbitrary direction.
      if (optimiser === "Adam") return;
      for (const [name, values] of Object.entries(expected.weights)) {
        const scale = Math.max(...values.map(Math.abs));
        const worst = Math.max(...values.map((value, i) => Math.abs(value - got.weights[name]![i]!)));
        expect(worst, name).toBeLessThanOrEqual(1e-5 * scale);
      }
    },
  );

  it("after 1,000 steps memory is that after 20, and the module's memory has stopped growing", async () => {
    // A new page, so that the finaliser frees nothing of other tests.
    const fresh = await open();
    const seen = await fresh.evaluate(async () => {
      const { init, memoryOver } = harness;
      await init();
      return await memoryOver(1000);
    });
    await fresh.close();
    const at = (step: number) => seen.find((entry) => entry.step === step)!;
    expect(seen.length).toBe(100);
    expect({ ...at(1000), step: 0, heap: 0 }).toEqual({ ...at(20), step: 0, heap: 0 });
    expect(at(20).heap).toBeGreaterThan(0);
    expect(at(1000).heap).toBe(at(500).heap);
  });

  it("images are decoded as in Node, and encoded PNGs are read back unchanged", async () => {
    const differences = (a: ArrayLike<number>, b: ArrayLike<number>) =>
      Array.from(a, (value, i) => Math.abs(value - b[i]!)).reduce((most, value) => Math.max(most, value), 0);
    for (const [file, channels, tolerance] of [
      ["camera.png", "auto", 0],
      ["chelsea.png", "auto", 0],
      ["chelsea.png", "grey", 0],
    ] as const) {
      const got = await page.evaluate(async ([url, format]) => await harness.image(url, format), [
        `/images/${file}`,
        channels,
      ] as const);
      const expected = await readPixels(join(root, "examples/images", file), { channels });
      expect(got.shape, file).toEqual(expected.shape);
      expect(differences(expected.data, got.data), `${file} ${channels}`).toBeLessThanOrEqual(tolerance);
      const again = await readPixels(Uint8Array.from(got.png));
      expect(again.shape).toEqual(got.shape);
      expect(differences(again.data, got.data)).toBeLessThanOrEqual(1e-6);
    }
  });

  describe("devices", () => {
    it("an absent webgpu is a DeviceError with the reason, and auto falls back to cpu", async () => {
      const fresh = await open();
      const result = await fresh.evaluate(async () => {
        const { failure, init, device } = harness;
        const error = await failure(() => init({ device: "webgpu" }));
        await init({ device: "auto" });
        return { error, device: device() };
      });
      expect(result.error).toMatchObject({
        name: "DeviceError",
        code: "device_unavailable",
        message: expect.stringMatching(/^webgpu: .*(?:no adapter|does not support|secure context)/) as string,
      });
      expect(result.device).toBe("cpu");
      await fresh.close();
    });
  });

  describe("init({ wasm })", () => {
    it("accepts a URL, a response, bytes, and a compiled module", async () => {
      for (const kind of ["url", "text", "response", "bytes", "view", "module"] as const) {
        const fresh = await open();
        const requests: string[] = [];
        fresh.on(
          "request",
          (request) => void (request.url().endsWith(".wasm") && requests.push(new URL(request.url()).pathname)),
        );
        const sum = await fresh.evaluate(async (source) => {
          const { init, sum: add } = harness;
          const moduleUrl = new URL("/wasm/adjoint_wasm_bg.wasm", location.href);
          const bytes = async () => await (await fetch(moduleUrl)).arrayBuffer();
          const sources = {
            url: () => moduleUrl,
            text: () => moduleUrl.href,
            response: () => fetch(moduleUrl),
            bytes,
            view: async () => new Uint8Array(await bytes()),
            module: async () => await WebAssembly.compile(await bytes()),
          };
          await init({ wasm: await sources[source]() });
          return add();
        }, kind);
        expect(sum, kind).toEqual([3, 5]);
        expect(requests, kind).toEqual(["/wasm/adjoint_wasm_bg.wasm"]);
        await fresh.close();
      }
    });

    it("rejects a missing or invalid file, and can be called again", async () => {
      const fresh = await open();
      const { errors, sum } = await fresh.evaluate(async () => {
        const { failure, init, sum: add } = harness;
        const found = [
          await failure(() => init({ wasm: "/wasm/missing.wasm" })),
          await failure(() => init({ wasm: new Uint8Array(8) })),
        ];
        await init();
        return { errors: found, sum: add() };
      });
      for (const error of errors) expect(error).toMatchObject({ name: "DeviceError", code: "wasm_load_failed" });
      expect(sum).toEqual([3, 5]);
      await fresh.close();
    });
  });

  it("after a trap every call is refused, and init() starts a new runtime", async () => {
    const fresh = await open();
    const result = await fresh.evaluate(async () => {
      const wasm = new Uint8Array(await (await fetch("/wasm/adjoint_wasm_bg.wasm")).arrayBuffer());
      return await harness.trapAndRestart(wasm);
    });
    expect(result.trap).toMatchObject({
      name: "DeviceError",
      code: "runtime_lost",
      message: expect.stringContaining("await init()") as string,
    });
    for (const error of result.after) expect(error).toMatchObject({ name: "DeviceError", code: "runtime_lost" });
    expect(result.value).toEqual([2, 3]);
    expect(result.stale).toMatchObject({ name: "ArgumentError", code: "disposed" });
    expect(result.drawn.length).toBe(2);
    await fresh.close();
  });

  it("works in a Web Worker", async () => {
    const sum = await page.evaluate(async () => {
      const code =
        `import { init, sum } from "${location.origin}/harness/harness.js";` + "await init(); postMessage(sum());";
      const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })), { type: "module" });
      return await new Promise<number[]>((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data as number[]);
        worker.onerror = (event) => reject(new Error(event.message));
      });
    });
    expect(sum).toEqual([3, 5]);
  });

  it("the harness bundle imports no module of Node", () => {
    expect(readFileSync(join(bundle.folder, "harness.js"), "utf8")).not.toMatch(/from\s*"node:|import\("node:/);
  });
});
