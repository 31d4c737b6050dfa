import { afterAll, beforeAll, expect, it } from "vitest";
import { describeBrowser } from "./chromium.js";
import { error, reached, sample, show, type Shown, state, status } from "./page.js";

describeBrowser("where the page examples/web computes", () => {
  let shown: Shown;
  beforeAll(async () => {
    shown = await show();
  }, 180_000);
  afterAll(async () => await shown?.close());

  it("offers the graphics card only where there is one, and goes on with the processor where it fails", async () => {
    const { page } = await shown.open();
    await sample(page);
    expect(await page.isVisible("#device")).toBe(false);
    await page.context().close();

    // The page believes that there is one; its worker knows better.
    const { page: misled, faults } = await shown.open(undefined, async (one) => {
      await one.addInitScript(() =>
        Object.defineProperty(navigator, "gpu", { value: { requestAdapter: async () => ({}) } }),
      );
    });
    await sample(misled);
    await misled.waitForSelector("#device-field:not([hidden])");
    expect(await misled.inputValue("#device")).toBe("cpu");
    await misled.selectOption("#device", "webgpu");
    await misled.selectOption("#effort", "quick");
    await misled.click("#start");
    expect(await error(misled)).toMatch(/^The graphics card cannot be used \(.+\)\. The processor takes over\.$/);
    await state(misled, "running");
    expect(await misled.textContent("#n-device")).toBe("cpu (WebAssembly)");
    expect(await misled.inputValue("#device")).toBe("cpu");
    await reached(misled, 2);
    expect(faults).toEqual([]);
    await misled.context().close();
  });

  it("computes with the graphics card; where that is lost, it says so and starts again on the processor", async () => {
    const software = await show({ gpu: true });
    try {
      const { page } = await software.open();
      await sample(page);
      await page.waitForSelector("#device-field:not([hidden])");
      await page.selectOption("#device", "webgpu");
      await page.selectOption("#effort", "quick");
      await page.click("#start");
      await reached(page, 2);
      expect(await page.textContent("#n-device")).toBe("graphics card (WebGPU)");
      expect(await page.textContent("#error")).toBe("");
      // The command ends with the process that would answer.
      void (await page.context().browser()!.newBrowserCDPSession())
        .send("Browser.crashGpuProcess")
        .catch(() => undefined);
      expect(await error(page)).toBe("The graphics card was lost. The run starts again on the processor.");
      await page.waitForFunction(() => document.getElementById("n-device")?.textContent === "cpu (WebAssembly)");
      await state(page, "done");
      expect(await status(page)).toContain("Done after 120 steps");
    } finally {
      await software.close();
    }
  });
});
