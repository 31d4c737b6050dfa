import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { describe, expect, it } from "vitest";
import { checkConfig } from "../../ts/cli/check-config.js";
import { decodePixels, encodePng, parseSafetensors, type Pixels, readPixels } from "../../ts/io/index.js";
import { DnCNN } from "../../ts/nn/index.js";
import { full } from "../../ts/tensor/index.js";
import { adjoint } from "../cli/compiled.js";
import { partsOf } from "../cli/configuration.js";
import { describeBrowser } from "./chromium.js";
import {
  choose,
  currentStep,
  download,
  errorText,
  openAdvanced,
  openFile,
  openSample,
  root,
  start,
  statusText,
  usePage,
  waitForState,
  waitForStep,
} from "./page.js";
import { crop, noisy, psnr, toPng } from "./page-pictures.js";

describeBrowser("the page examples/web", () => {
  const site = usePage();
  const open = async (size?: { width: number; height: number }) => await site.open(size);
  const sample = async (name: string): Promise<Pixels> =>
    await readPixels(join(root, "examples/images", `${name}.png`));

  /** PSNR of what is downloaded against the sample. */
  const downloaded = async (page: Page, name: string): Promise<number> =>
    psnr(await decodePixels((await download(page, "save-picture")).bytes), await sample(name));

  /** PSNR in dB that the page shows. */
  const shown = async (page: Page, id: "before" | "after"): Promise<number> =>
    Number.parseFloat((await page.textContent(`#psnr-${id}`)) ?? "");

  const settingsOf = async (page: Page): Promise<Record<string, unknown>> =>
    JSON.parse(new TextDecoder().decode((await download(page, "save-settings")).bytes)) as Record<string, unknown>;

  it("cleans a sample by itself, result above the fold; no request leaves the origin", {
    timeout: 300_000,
  }, async () => {
    const { page, requests, errors } = await open({ width: 1280, height: 900 });
    await page.click("#samples button[data-name=camera]");
    await waitForState(page, "running");
    // The page stays responsive while the worker learns.
    const delays = await page.evaluate(async () => {
      const found: number[] = [];
      for (let i = 0; i < 20; i++) {
        const before = performance.now();
        await new Promise((resolve) => setTimeout(resolve, 5));
        found.push(performance.now() - before);
      }
      return found.sort((a, b) => a - b);
    });
    expect(delays[10]).toBeLessThan(100);
    expect(await page.textContent("#detail")).toMatch(/gaussian noise/i);
    await page.click("#stop");
    expect(await statusText(page)).toBe("Stopped");
    await choose(page, "quality", "fast");
    await start(page);
    await waitForState(page, "done");
    expect(await statusText(page)).toMatch(/^Cleaned: [\d.]+ dB closer to the truth$/);
    const [before, after] = [await shown(page, "before"), await shown(page, "after")];
    expect(after - before).toBeGreaterThan(3);
    expect(await downloaded(page, "camera")).toBeCloseTo(after, 1);
    for (const id of ["compare", "status", "save-picture", "psnr-after", "zoom-100"]) {
      const { y, height } = (await page.locator(`#${id}`).boundingBox()) as { y: number; height: number };
      expect(y + height, id).toBeLessThanOrEqual(900);
    }
    expect(await page.evaluate(() => document.documentElement.scrollHeight)).toBe(900);
    expect(requests.length).toBeGreaterThan(5);
    expect(
      requests.filter(
        (url) =>
          !url.startsWith(`${site.origin}/`) && !url.startsWith(`blob:${site.origin}/`) && !url.startsWith("data:"),
      ),
    ).toEqual([]);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("a chosen loss: pauses, goes on, stops early with a result; the command takes settings and weights", async () => {
    const { page, errors } = await open();
    await openSample(page);
    await openAdvanced(page);
    await page.selectOption("#loss", "SureGaussianLoss");
    await choose(page, "quality", "fast");
    await start(page);
    await waitForStep(page, 4);
    await page.click("#pause");
    await waitForState(page, "paused");
    const paused = await currentStep(page);
    await page.waitForTimeout(500);
    expect(await currentStep(page)).toBe(paused);
    await page.click("#pause");
    await page.waitForFunction(
      (before) => Number.parseInt(document.getElementById("n-step")?.textContent ?? "", 10) > before,
      paused,
    );
    await waitForState(page, "done");
    expect((await shown(page, "after")) - (await shown(page, "before"))).toBeGreaterThan(3);
    expect(await downloaded(page, "camera")).toBeGreaterThan((await shown(page, "before")) + 3);

    const settings = await settingsOf(page);
    const { model } = checkConfig(settings, "settings");
    const { name: _name, ...sizes } = model as {
      name: string;
      inChannels: number;
      outChannels: number;
      depth: number;
      nf: number;
    };
    new DnCNN(sizes).loadStateDict(parseSafetensors((await download(page, "save-weights")).bytes), { strict: true });
    await mkdir(join(site.folder, "picture"), { recursive: true });
    await writeFile(join(site.folder, "picture", "picture.png"), (await download(page, "save-picture")).bytes);
    await writeFile(join(site.folder, "settings.json"), JSON.stringify({ ...settings, maxSteps: 2 }));
    expect(await adjoint(["train", join(site.folder, "settings.json")])).toMatchObject({ code: 0 });

    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("a colour image with another noise and loss, stopped while paused", async () => {
    const { page, errors } = await open();
    await openSample(page, "chelsea");
    await openAdvanced(page);
    await page.selectOption("#noise", "poisson");
    await page.selectOption("#loss", "R2RLoss");
    await start(page);
    await waitForStep(page, 2);
    await page.click("#pause");
    await waitForState(page, "paused");
    await page.click("#stop");
    await waitForState(page, "done");
    expect(["clean", "refused"]).toContain(await page.getAttribute(".result", "data-outcome"));
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("fills in missing pixels of the cat: no white dots, no wrong colours", { timeout: 300_000 }, async () => {
    const { page, errors } = await open();
    await openSample(page, "chelsea");
    await choose(page, "task", "inpaint");
    await choose(page, "quality", "fast");
    await openAdvanced(page);
    expect(await page.textContent("#loss-why")).toContain("hidden from the network");
    await start(page);
    await waitForState(page, "done");
    expect(await statusText(page)).toMatch(/^Filled in: /);
    const got = await decodePixels((await download(page, "save-picture")).bytes);
    const truth = await sample("chelsea");
    // Half of the pixels are missing: about 9.5 dB. Biharmonic interpolation alone reaches 31.6 dB.
    expect(await shown(page, "before")).toBeLessThan(10);
    expect(psnr(got, truth)).toBeGreaterThan(30.5);
    const plane = truth.data.length / 3;
    const means = [0, 1, 2].map((c) => {
      const [a, b] = [got, truth].map(({ data }) =>
        data.subarray(c * plane, (c + 1) * plane).reduce((sum, value) => sum + value / plane, 0),
      );
      return Math.abs((a as number) - (b as number));
    });
    expect(Math.max(...means)).toBeLessThan(0.005);
    const dots = got.data.reduce((count, value, i) => count + (value - (truth.data[i] as number) > 0.3 ? 1 : 0), 0);
    expect(dots / got.data.length).toBeLessThan(2e-4);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("sharpens; the command accepts the saved settings", async () => {
    const { page, errors } = await open();
    await openSample(page);
    await choose(page, "task", "deblur");
    await page.selectOption("#blur", "motion");
    await choose(page, "quality", "fast");
    expect(await page.isVisible("#angle")).toBe(true);
    await start(page);
    await waitForState(page, "running");
    await page.click("#pause");
    await waitForState(page, "paused");
    await page.click("#pause");
    await waitForState(page, "done");
    expect((await shown(page, "after")) - (await shown(page, "before"))).toBeGreaterThanOrEqual(1.5);
    await openAdvanced(page);
    const settings = await settingsOf(page);
    const { model, physics } = await partsOf(settings);
    expect(physics).toMatchObject({ operator: "blur" });
    model.loadStateDict(parseSafetensors((await download(page, "save-weights")).bytes), { strict: true });
    const folder = join(site.folder, "deblurring");
    await mkdir(join(folder, "picture"), { recursive: true });
    await writeFile(join(folder, "picture", "picture.png"), (await download(page, "save-picture")).bytes);
    await writeFile(join(folder, "settings.json"), JSON.stringify({ ...settings, maxSteps: 2 }));
    expect(await adjoint(["train", join(folder, "settings.json")])).toMatchObject({ code: 0 });
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("rejects a blur out of range with a message; each kind of blur and noise has its own settings", async () => {
    const { page, errors } = await open();
    await openSample(page);
    await openAdvanced(page);
    expect(await page.isVisible("#blur")).toBe(false);
    await choose(page, "task", "deblur");
    await choose(page, "quality", "fast");
    expect(await page.inputValue("#level")).toBe("0.02");
    expect(await page.isVisible("#angle")).toBe(false);
    for (const [id, value, message] of [
      ["size", "40", /^The size of the blur is 40; for this blur it lies between 0.5 and 4/],
      ["size", "", /^The size of the blur is empty/],
    ] as const) {
      await page.fill(`#${id}`, value);
      await start(page);
      expect(await errorText(page)).toMatch(message);
    }
    await page.selectOption("#blur", "motion");
    await page.fill("#angle", "200");
    await start(page);
    await page.waitForFunction(() =>
      document.getElementById("error")?.textContent?.startsWith("The direction of the blur is 200"),
    );

    // For each kind of blur and noise, two steps run and the command accepts the settings.
    for (const [blur, noise, size, losses] of [
      ["disk", "poisson", "1", ["R2RLoss", "SurePoissonLoss"]],
      ["gaussian", "gamma", "4", ["R2RLoss"]],
    ] as const) {
      await page.selectOption("#blur", blur);
      await page.selectOption("#noise", noise);
      expect(
        await page.$$eval("#loss option", (options) => options.map((option) => (option as HTMLOptionElement).value)),
      ).toEqual(losses);
      expect(await page.textContent("#loss-why")).toContain("smaller copies");
      await page.fill("#size", size);
      await start(page);
      await waitForStep(page, 2);
      await page.click("#stop");
      await waitForState(page, "done");
      await partsOf(await settingsOf(page));
    }
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("offers the compatible losses, each with a reason, the command's way first", async () => {
    const { page } = await open();
    await openSample(page);
    await openAdvanced(page);
    const offeredLosses = async () =>
      await page.$$eval("#loss option", (options) => options.map((option) => (option as HTMLOptionElement).value));
    expect(await offeredLosses()).toEqual([
      "auto",
      "R2RLoss",
      "SureGaussianLoss",
      "unsure",
      "Neighbor2Neighbor",
      "SplittingLoss",
    ]);
    expect(await page.textContent("#loss-why")).toContain("adjoint denoise");
    await page.selectOption("#loss", "unsure");
    expect(await page.textContent("#loss-why")).toContain("UNSURE");
    await page.selectOption("#noise", "gamma");
    expect(await offeredLosses()).toEqual(["auto", "R2RLoss", "Neighbor2Neighbor", "SplittingLoss"]);
    await page.context().close();
  });

  it("UNSURE on a picture with little noise: the result is refused in words, the given picture shown", async () => {
    const { page, errors } = await open();
    const truth = await crop("grass", 40, 40, 64, 1);
    await openFile(page, "grass.png", await toPng(await noisy(truth, 0.03)));
    await page.waitForSelector("#stop:not([hidden])");
    await page.click("#stop");
    await openAdvanced(page);
    await choose(page, "quality", "fast");
    await page.selectOption("#loss", "unsure");
    await start(page);
    await waitForState(page, "done");
    expect(await statusText(page)).toBe("Kept as it was given");
    expect((await page.textContent("#reasons"))?.length).toBeGreaterThan(20);
    expect(await page.isVisible("#save-picture")).toBe(false);
    expect(await page.getAttribute("#compare", "data-shown")).toBe("given");
    expect(errors).toEqual([]);
    await page.context().close();
  });

  describe("images of the user", () => {
    const png = async (width: number, height: number) => await encodePng(full([1, height, width], 0.5));

    it("are rejected with a message if they cannot be read or are too small; the last picture stays", async () => {
      const { page, errors } = await open();
      await openFile(page, "notes.txt", Buffer.from("not a picture"));
      expect(await errorText(page)).toMatch(/^notes\.txt cannot be opened: not an image \(its first bytes/);
      expect(await page.isVisible("#welcome")).toBe(true);
      await openFile(page, "tiny.png", await png(20, 10));
      await page.waitForFunction(() =>
        document.getElementById("error")?.textContent?.startsWith("tiny.png has 20 x 10"),
      );
      await openSample(page);
      await openFile(page, "notes.txt", Buffer.from("not a picture"));
      await errorText(page);
      expect(await page.textContent("#picked")).toMatch(/^A man with a camera/);
      await openAdvanced(page);
      await page.fill("#level", "7");
      await start(page);
      expect(await errorText(page)).toMatch(/^The level is 7; for this noise it lies between/);
      await page.fill("#level", "0.1");
      await start(page);
      await waitForState(page, "running");
      expect(await page.textContent("#error")).toBe("");
      expect(errors).toEqual([]);
      await page.context().close();
    });

    it("without noise stay as they are, and the page says so", async () => {
      const { page } = await open();
      await openFile(page, "flat.png", await png(64, 48));
      await waitForState(page, "done");
      expect(await statusText(page)).toBe("Nothing to clean");
      expect(await page.isVisible("#save-picture")).toBe(false);
      await page.context().close();
    });

    it("are made smaller on request if they are too large", { timeout: 200_000 }, async () => {
      const { page, errors } = await open();
      await openFile(page, "large.png", await png(4200, 4000));
      await page.waitForSelector("#large:not([hidden])");
      expect(await page.textContent("#large-text")).toContain(
        "This picture has 16.8 million pixels; this page cleans up",
      );
      expect(await page.isVisible("#start")).toBe(false);
      await page.click("#downscale");
      await page.waitForFunction(() =>
        document.getElementById("picked")?.textContent?.startsWith("large.png: 2100 x 2000, grey"),
      );
      await waitForState(page, "done");
      expect(await statusText(page)).toBe("Nothing to clean");
      expect(errors).toEqual([]);
      await page.context().close();
    });

    it("are sharpened with the estimated noise level, even if there is no noise", async () => {
      const { page, errors } = await open();
      await openFile(page, "flat.png", await png(60, 50));
      await waitForState(page, "done");
      await choose(page, "task", "deblur");
      await openAdvanced(page);
      expect(await page.isChecked("#estimate")).toBe(true);
      expect(await page.textContent("#task-help")).toContain("has to be told");
      await page.selectOption("#blur", "disk");
      await page.fill("#size", "10");
      await start(page);
      await waitForStep(page, 2);
      await page.click("#stop");
      await waitForState(page, "done");
      // The smallest level of this noise, and patches not larger than the image.
      expect(await settingsOf(page)).toMatchObject({ physics: { noise: { sigma: 0.005 } }, data: { patch: 50 } });
      expect(errors).toEqual([]);
      await page.context().close();
    });

    it("can be dropped or pasted", async () => {
      const { page } = await open();
      const bytes = Array.from(await png(64, 48));
      for (const [kind, name] of [
        ["drop", "dropped.png: 64 x 48, grey, 8 bit."],
        ["paste", "The pasted picture: 64 x 48, grey, 8 bit."],
      ] as const) {
        await page.evaluate(
          ([how, content]) => {
            const data = new DataTransfer();
            data.items.add(new File([Uint8Array.from(content)], "dropped.png", { type: "image/png" }));
            const event =
              how === "drop"
                ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
                : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
            document.body.dispatchEvent(event);
          },
          [kind, bytes] as const,
        );
        await page.waitForFunction((text) => document.getElementById("picked")?.textContent === text, name);
      }
      await page.context().close();
    });
  });

  describe("accessibility", () => {
    it("every control has a name and can be used with the keyboard", async () => {
      const { page } = await open();
      const unnamed = await page.$$eval("button, input, select, canvas, output", (controls) =>
        controls
          .filter((control) => {
            const named =
              (control as HTMLInputElement).labels?.[0]?.textContent ?? control.getAttribute("aria-label") ?? "";
            const own = control.textContent?.trim() ?? "";
            if (control.tagName === "OUTPUT") return false;
            return (control.tagName === "BUTTON" ? own || named : named) === "";
          })
          .map((control) => control.outerHTML),
      );
      expect(unnamed).toEqual([]);
      await page.keyboard.press("Tab");
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("file");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await waitForState(page, "running");
      await page.focus("#stop");
      await page.keyboard.press("Enter");
      for (let i = 0; i < 40 && (await page.evaluate(() => document.activeElement?.id)) !== "start"; i++)
        await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await waitForState(page, "running");
      await page.context().close();
    });
  });
});
