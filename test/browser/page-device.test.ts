import { afterAll, beforeAll, expect, it } from "vitest";
import { describeBrowser } from "./chromium.js";
import {
  choose,
  errorText,
  openAdvanced,
  openSample,
  type PageSite,
  servePage,
  start,
  waitForState,
  waitForStep,
} from "./page.js";

describeBrowser("the device of the page examples/web", () => {
  let site: PageSite;
  beforeAll(async () => {
    site = await servePage();
  }, 180_000);
  afterAll(async () => await site?.close());

  it("offers the graphics card only where there is one, and uses the CPU if it fails", async () => {
    const { page } = await site.open();
    await openSample(page);
    await openAdvanced(page);
    expect(await page.isVisible("#device")).toBe(false);
    await page.context().close();

    // The page finds an adapter, but its worker does not.
    const { page: misled, errors } = await site.open(undefined, async (target) => {
      await target.addInitScript(() =>
        Object.defineProperty(navigator, "gpu", { value: { requestAdapter: async () => ({}) } }),
      );
    });
    await openSample(misled);
    await openAdvanced(misled);
    await misled.selectOption("#loss", "R2RLoss");
    await misled.waitForSelector("#device-field:not([hidden])");
    expect(await misled.inputValue("#device")).toBe("cpu");
    await misled.selectOption("#device", "webgpu");
    await choose(misled, "quality", "fast");
    await start(misled);
    expect(await errorText(misled)).toMatch(/^The graphics card cannot be used \(.+\)\. The processor takes over\.$/);
    await waitForState(misled, "running", "finishing", "done");
    expect(await misled.textContent("#n-device")).toBe("cpu (WebAssembly)");
    expect(await misled.inputValue("#device")).toBe("cpu");
    await waitForStep(misled, 2);
    expect(errors).toEqual([]);
    await misled.context().close();
  });

  it("computes on the graphics card; if it is lost, the page says so and restarts on the CPU", async () => {
    const software = await servePage({ gpu: true });
    try {
      const { page } = await software.open();
      await openSample(page);
      await openAdvanced(page);
      await page.selectOption("#loss", "R2RLoss");
      await page.waitForSelector("#device-field:not([hidden])");
      await page.selectOption("#device", "webgpu");
      await choose(page, "quality", "fast");
      await start(page);
      await waitForStep(page, 2);
      expect(await page.textContent("#n-device")).toBe("graphics card (WebGPU)");
      expect(await page.textContent("#error")).toBe("");
      // The process that would answer is the one that crashes.
      void (await page.context().browser()!.newBrowserCDPSession())
        .send("Browser.crashGpuProcess")
        .catch(() => undefined);
      expect(await errorText(page)).toBe("The graphics card was lost. The run starts again on the processor.");
      await page.waitForFunction(() => document.getElementById("n-device")?.textContent === "cpu (WebAssembly)");
      await waitForState(page, "done");
      expect(await page.textContent("#n-step")).toBe("120 of 120");
    } finally {
      await software.close();
    }
  });
});
