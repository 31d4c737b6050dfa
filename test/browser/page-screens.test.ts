import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { encodeTiff } from "../../ts/io/index.js";
import { tensor } from "../../ts/tensor/index.js";
import { describeBrowser } from "./chromium.js";
import { choose, openFile, openSample, screenshots, start, statusText, usePage, waitForState } from "./page.js";
import { crop, noisy, toPng } from "./page-pictures.js";

/** The page in each of its states, for a person to look at: `results/browser/<size>-<state>[-dark].png`. */
describeBrowser("what the page looks like", () => {
  const site = usePage();

  /** Light and dark; nothing may be wider than the screen. */
  const shoot = async (page: Page, size: string, state: string) => {
    const { width = 0 } = page.viewportSize() ?? {};
    expect(await page.evaluate(() => document.documentElement.scrollWidth), state).toBeLessThanOrEqual(width);
    const papers: string[] = [];
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      papers.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      const name = `${size}-${state}${colorScheme === "dark" ? "-dark" : ""}.png`;
      await page.screenshot({ path: join(screenshots, name) });
    }
    await page.emulateMedia({ colorScheme: "light" });
    expect(papers).toEqual(["rgb(245, 246, 248)", "rgb(16, 18, 22)"]);
  };

  it.each([
    ["desktop", { width: 1280, height: 900 }],
    ["phone", { width: 390, height: 844 }],
  ] as const)("on a %s", { timeout: 400_000 }, async (size, viewport) => {
    const { page, errors } = await site.open(viewport);
    await shoot(page, size, "welcome");
    await openFile(page, "notes.txt", Buffer.from("not a picture"));
    await page.waitForFunction(() => document.getElementById("error")?.textContent !== "");
    await shoot(page, size, "error");
    await openSample(page, "chelsea");
    // The normal quality learns long enough to be seen.
    await start(page);
    await waitForState(page, "running");
    await page.waitForTimeout(1000);
    await shoot(page, size, "learning");
    await page.click("#stop");
    await page.waitForSelector("#start:not([hidden])");
    await choose(page, "quality", "fast");
    await start(page);
    await waitForState(page, "done");
    await shoot(page, size, "cleaned");
    // Picture, verdict and download are seen without scrolling.
    const bottom = async (id: string) => {
      const box = await page.locator(`#${id}`).boundingBox();
      return (box?.y ?? 0) + (box?.height ?? 0);
    };
    for (const id of ["compare", "status"]) expect(await bottom(id), id).toBeLessThanOrEqual(viewport.height);
    await page.evaluate(() => {
      for (const id of ["window-details", "advanced"]) (document.getElementById(id) as HTMLDetailsElement).open = true;
      document.getElementById("advanced")?.scrollIntoView();
    });
    await shoot(page, size, "advanced");

    const grey = await noisy(await crop("cell", 40, 60, 64, 1), 0.05);
    const planes = new Float32Array(
      [1, 0.7, 0.9, 0.6].flatMap((factor) => Array.from(grey.data, (v) => 0.06 * factor * v)),
    );
    const metadata = { format: "tiff", dialect: "ome", axes: "ZCYX", sizes: { Z: 2, C: 2, Y: 64, X: 64 } } as const;
    await openFile(
      page,
      "cells.tif",
      await encodeTiff(tensor(planes, { shape: [4, 1, 64, 64] }), { sample: "uint16", metadata }),
    );
    await page.waitForSelector("#pages-row:not([hidden])");
    await waitForState(page, "done");
    await page.evaluate(() => document.getElementById("window-details")?.scrollIntoView());
    await shoot(page, size, "stack");

    await openFile(page, "flat.png", await toPng({ data: new Float32Array(64 * 64).fill(0.5), shape: [1, 64, 64] }));
    await page.waitForFunction(() => document.getElementById("status")?.textContent === "Nothing to clean");
    await shoot(page, size, "nothing");
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("a refusal: the reasons, and the picture as it was given", { timeout: 300_000 }, async () => {
    const { page } = await site.open();
    await openFile(page, "grass.png", await toPng(await noisy(await crop("grass", 40, 40, 64, 1), 0.03)));
    await page.waitForSelector("#stop:not([hidden])");
    await page.click("#stop");
    await page.evaluate(() => ((document.getElementById("advanced") as HTMLDetailsElement).open = true));
    await choose(page, "quality", "fast");
    await page.selectOption("#loss", "unsure");
    await start(page);
    await waitForState(page, "done");
    expect(await statusText(page)).toBe("Kept as it was given");
    await shoot(page, "desktop", "refused");
    await page.context().close();
  });

  describe("the picture before and after", () => {
    it("is zoomed, moved and compared by keys, wheel, buttons and pointer", { timeout: 200_000 }, async () => {
      const { page, errors } = await site.open();
      await openSample(page);
      const scale = async () => Number.parseInt((await page.textContent("#zoom-text")) ?? "", 10);
      const fitted = await scale();
      // 256 pixels of the picture fill the lower of the two sides.
      const { width, height } = (await page.locator("#compare").boundingBox()) as { width: number; height: number };
      expect(fitted).toBe(Math.round((100 * Math.min(width, height)) / 256));
      await page.click("#zoom-100");
      expect(await scale()).toBe(100);
      const sheet = async () =>
        await page.evaluate(() => {
          const { transform } = getComputedStyle(document.querySelector(".sheet") as Element);
          const { a, e, f } = new DOMMatrix(transform);
          return [a, e, f];
        });
      // In the middle; the side of an element may be a fraction of a pixel.
      const [one, left = 0, top = 0] = await sheet();
      expect(one).toBe(1);
      expect(Math.abs(left - (width - 256) / 2)).toBeLessThan(0.6);
      expect(Math.abs(top - (height - 256) / 2)).toBeLessThan(0.6);
      await page.focus("#compare");
      await page.keyboard.press("0");
      expect(await scale()).toBe(fitted);
      for (let i = 0; i < 4; i++) await page.keyboard.press("+");
      expect(await scale()).toBeCloseTo(fitted * 1.5 ** 4, -1);
      const [, before] = await sheet();
      await page.keyboard.press("ArrowLeft");
      expect((await sheet())[1]).toBeCloseTo((before as number) + 60, 3);
      // A zoomed picture is moved by dragging; what is under the pointer stays under it while the wheel zooms.
      await page.mouse.move(200, 300);
      await page.mouse.down();
      await page.mouse.move(240, 330);
      await page.mouse.up();
      expect((await sheet())[1]).toBeCloseTo((before as number) + 100, 3);
      const under = async () => {
        const [a = 1, e = 0] = await sheet();
        const { x } = (await page.locator("#compare").boundingBox()) as { x: number };
        return (240 - x - e) / a;
      };
      const point = await under();
      await page.mouse.wheel(0, -200);
      expect(await scale()).toBeGreaterThan(fitted * 1.5 ** 4);
      expect(await under()).toBeCloseTo(point, 1);
      await page.click("#zoom-fit");
      expect(await scale()).toBe(fitted);

      // The border: by its slider, and by dragging.
      await choose(page, "quality", "fast");
      await start(page);
      await waitForState(page, "done");
      expect(await page.getAttribute("#compare", "data-shown")).toBe("split");
      const border = async () =>
        await page.evaluate(() => (document.querySelector(".divider") as HTMLElement).style.left);
      await page.focus("#slider");
      await page.keyboard.press("ArrowRight");
      expect(await border()).toBe("51%");
      expect(await page.getAttribute("#slider", "aria-valuetext")).toBe("51 percent given");
      const area = (await page.locator("#compare").boundingBox()) as {
        x: number;
        y: number;
        width: number;
        height: number;
      };
      await page.mouse.move(area.x + 0.51 * area.width, area.y + 100);
      await page.mouse.down();
      await page.mouse.move(area.x + 0.25 * area.width, area.y + 100);
      await page.mouse.up();
      expect(Number.parseFloat(await border())).toBeCloseTo(25, 0);
      const clip = await page.evaluate(() => document.getElementById("after")?.style.clipPath);
      const [a = 1, e = 0] = await sheet();
      expect(Number.parseFloat(/([\d.]+)px\)$/.exec(clip ?? "")?.[1] ?? "")).toBeCloseTo(
        (0.25 * area.width - e) / a,
        0,
      );
      await page.click("label[for=view-cleaned]");
      expect(await page.evaluate(() => document.getElementById("after")?.style.clipPath)).toMatch(/0px\)$/);
      expect(errors).toEqual([]);
      await page.context().close();
    });

    it("has a window of brightness that changes what is seen only", { timeout: 200_000 }, async () => {
      const { page } = await site.open();
      const grey = await crop("camera", 60, 90, 64, 1);
      const counts = tensor(
        grey.data.map((v) => (100 + 3000 * v) / 65535),
        { shape: [1, 1, 64, 64] },
      );
      await openFile(page, "deep.tif", await encodeTiff(counts, { sample: "uint16" }));
      await page.waitForFunction(() => document.getElementById("picked")?.textContent?.startsWith("deep.tif"));
      await page.evaluate(() => ((document.getElementById("window-details") as HTMLDetailsElement).open = true));
      const [low, high] = [await page.inputValue("#window-low"), await page.inputValue("#window-high")].map(Number);
      expect(low).toBeLessThan(200);
      expect(high).toBeGreaterThan(2500);
      expect(high).toBeLessThan(3101);
      const mean = async () =>
        await page.evaluate(async () => {
          // Changes are drawn with the next picture of the screen.
          await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
          const canvas = document.getElementById("before") as HTMLCanvasElement;
          const { data } = (canvas.getContext("2d") as CanvasRenderingContext2D).getImageData(0, 0, 64, 64);
          return data.reduce((sum, value, i) => sum + (i % 4 === 0 ? value / 4096 : 0), 0);
        });
      const automatic = await mean();
      expect(automatic).toBeGreaterThan(60);
      await page.fill("#window-high", "65535");
      expect(await mean()).toBeLessThan(10);
      await page.click("#window-auto");
      expect(await mean()).toBeCloseTo(automatic, 6);
      await page.fill("#gamma", "2");
      expect(await mean()).toBeGreaterThan(automatic + 10);
      await page.context().close();
    });
  });
});
