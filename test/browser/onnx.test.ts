import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { encodePng, exportOnnx } from "../../ts/io/index.js";
import { DRUNet } from "../../ts/nn/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { tensor } from "../../ts/tensor/index.js";
import { serve, type Site } from "../../scripts/serve.mjs";
import { describeBrowser, launch } from "./chromium.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const [height, width] = [40, 48];

describeBrowser("an exported network in Chromium, with onnxruntime-web and the page of examples/onnx-page", () => {
  let browser: Browser;
  let site: Site;
  let page: Page;
  let folder: string;
  let model: DRUNet;

  beforeAll(async () => {
    await init();
    folder = await mkdtemp(join(tmpdir(), "adjoint-onnx-"));
    model = new DRUNet({ inChannels: 1, outChannels: 1, nc: [2, 3, 3, 4], nb: 1, rng: new Rng(0) }).eval();
    const dynamic = ["batch", "height", "width"] as const;
    const bytes = await exportOnnx(model, { inputShape: [1, 1, 32, 32], dynamic, sigma: "input" });
    await writeFile(join(folder, "model.onnx"), bytes);
    await writeFile(join(folder, "noisy.png"), await encodePng(new Rng(2).uniform([1, 30, 45])));
    const example = join(root, "examples/onnx-page");
    site = await serve({
      "/": `${example}/`,
      "/model.onnx": join(folder, "model.onnx"),
      "/ort/": join(root, "node_modules/onnxruntime-web/dist/"),
    });
    browser = await launch();
    page = await browser.newPage();
    await page.goto(`${site.origin}/index.html`);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("gives the output of the library, to 1e-5", async () => {
    const y = new Rng(1).uniform([1, 1, height, width]);
    const picture = JSON.stringify({ values: [...y.dataSync()], width, height });
    // As text: the test's own compiler rewrites imports.
    const values = await page.evaluate<number[]>(`(async () => {
      const { loadNetwork, denoise } = await import("/denoise.js");
      const { values } = await denoise(await loadNetwork("/model.onnx"), ${picture}, 0.3);
      return [...values];
    })()`);
    const right = model.forward(y, 0.3);
    const difference = tensor(values).reshape(right.shape).sub(right).abs().max().itemSync();
    expect(difference / right.abs().max().itemSync()).toBeLessThan(1e-5);
  });

  it("the page denoises a picture whose sides are no multiples of 8", async () => {
    await page.setInputFiles("#file", join(folder, "noisy.png"));
    await page.waitForFunction(() => /^(?:Done|This)/.test(document.getElementById("status")?.textContent ?? ""));
    expect(await page.textContent("#status")).toMatch(/^Done in \d+ ms\.$/);
    const sizes = await page.evaluate(() => [...document.querySelectorAll("canvas")].map((c) => [c.width, c.height]));
    expect(sizes).toEqual([
      [45, 30],
      [45, 30],
    ]);
  });
});
