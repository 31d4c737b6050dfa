import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkConfig } from "../../ts/cli/check-config.js";
import { encodePng, parseSafetensors, readPixels } from "../../ts/io/index.js";
import { DnCNN } from "../../ts/nn/index.js";
import { init } from "../../ts/runtime/index.js";
import { full } from "../../ts/tensor/index.js";
import { adjoint } from "../cli/compiled.js";
import { partsOf } from "../cli/configuration.js";
import { describeBrowser } from "./chromium.js";
import {
  currentStep,
  download,
  errorText,
  type PageSite,
  root,
  screenshots,
  selectSample,
  servePage,
  statusText,
  waitForState,
  waitForStep,
} from "./page.js";

describeBrowser("the page examples/web", () => {
  let site: PageSite;
  beforeAll(async () => {
    site = await servePage();
    await init();
  }, 180_000);
  afterAll(async () => await site?.close());
  const open = async (size?: { width: number; height: number }) => await site.open(size);

  const psnr = async (name: string, bytes: Uint8Array): Promise<number> => {
    const file = join(site.folder, "download.png");
    await writeFile(file, bytes);
    const [got, truth] = await Promise.all([readPixels(file), readPixels(join(root, "examples/images", name))]);
    expect(got.shape).toEqual(truth.shape);
    const error2 = got.data.reduce((sum, value, i) => sum + (value - truth.data[i]!) ** 2, 0) / got.data.length;
    return -10 * Math.log10(error2);
  };

  it("denoises a sample by 3 dB and saves image, weights and settings; no request leaves the origin", async () => {
    const { page, requests, errors } = await open();
    await selectSample(page);
    await page.click("#start");
    await waitForState(page, "running");
    // The page stays responsive while the worker trains.
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
    await waitForState(page, "done");
    const [, from, to] = /PSNR rose from ([\d.]+) to ([\d.]+) dB/.exec(await statusText(page)) ?? [];
    expect(Number(to) - Number(from)).toBeGreaterThanOrEqual(3);
    await page.screenshot({ path: join(screenshots, "page.png"), fullPage: true });

    const image = await download(page, "save-picture");
    expect(image.name).toBe("cleaned.png");
    // Computed again from the downloaded image.
    expect((await psnr("camera.png", image.bytes)) - Number(from)).toBeGreaterThanOrEqual(3);

    const settings = JSON.parse(new TextDecoder().decode((await download(page, "save-settings")).bytes)) as Record<
      string,
      unknown
    >;
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
    await writeFile(join(site.folder, "picture", "picture.png"), image.bytes);
    await writeFile(join(site.folder, "settings.json"), JSON.stringify({ ...settings, maxSteps: 2 }));
    expect(await adjoint(["train", join(site.folder, "settings.json")])).toMatchObject({ code: 0 });

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

  it("runs twice in one page, pauses, continues, and stops early with a result", async () => {
    const { page, errors } = await open();
    await selectSample(page);
    await page.selectOption("#effort", "thorough");
    await page.click("#start");
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
    await page.click("#stop");
    await waitForState(page, "done");
    const stopped = Number(/Done after (\d+) steps/.exec(await statusText(page))?.[1]);
    expect(stopped).toBeGreaterThan(paused);
    expect(stopped).toBeLessThan(1000);
    expect((await download(page, "save-picture")).bytes.length).toBeGreaterThan(1000);

    // A colour image with another noise and loss in the same page, stopped while paused.
    await selectSample(page, "chelsea");
    await page.selectOption("#noise", "poisson");
    await page.selectOption("#loss", "R2RLoss");
    await page.selectOption("#effort", "quick");
    await page.click("#start");
    await waitForStep(page, 2);
    await page.click("#pause");
    await waitForState(page, "paused");
    await page.click("#stop");
    await waitForState(page, "done");
    const again = await download(page, "save-picture");
    await psnr("chelsea.png", again.bytes);
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("fills in missing pixels", async () => {
    const { page, errors } = await open();
    await selectSample(page);
    await page.selectOption("#task", "inpaint");
    await page.fill("#level", "0.02");
    expect(await page.textContent("#loss-why")).toContain("hidden from the network");
    await page.click("#start");
    await waitForState(page, "done");
    const [, from, to] = /PSNR rose from ([\d.]+) to ([\d.]+) dB/.exec(await statusText(page)) ?? [];
    expect(Number(to) - Number(from)).toBeGreaterThanOrEqual(3);
    await page.screenshot({ path: join(screenshots, "inpainting.png"), fullPage: true });
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("deblurs; the command accepts the saved settings", async () => {
    const { page, errors } = await open();
    await selectSample(page);
    await page.selectOption("#task", "deblur");
    await page.selectOption("#blur", "motion");
    await page.selectOption("#effort", "quick");
    expect(await page.isVisible("#angle")).toBe(true);
    await page.click("#start");
    await waitForState(page, "running");
    await page.click("#pause");
    await waitForState(page, "paused");
    await page.click("#pause");
    await waitForState(page, "done");
    const [, from, to] = /PSNR rose from ([\d.]+) to ([\d.]+) dB/.exec(await statusText(page)) ?? [];
    expect(Number(to) - Number(from)).toBeGreaterThanOrEqual(1.5);
    await page.screenshot({ path: join(screenshots, "deblurring.png"), fullPage: true });
    const image = await download(page, "save-picture");
    expect((await psnr("camera.png", image.bytes)) - Number(from)).toBeGreaterThanOrEqual(1.5);

    const settings = JSON.parse(new TextDecoder().decode((await download(page, "save-settings")).bytes)) as Record<
      string,
      unknown
    >;
    const { model, physics } = await partsOf(settings);
    expect(physics).toMatchObject({ operator: "blur" });
    model.loadStateDict(parseSafetensors((await download(page, "save-weights")).bytes), { strict: true });
    const folder = join(site.folder, "deblurring");
    await mkdir(join(folder, "picture"), { recursive: true });
    await writeFile(join(folder, "picture", "picture.png"), image.bytes);
    await writeFile(join(folder, "settings.json"), JSON.stringify({ ...settings, maxSteps: 2 }));
    expect(await adjoint(["train", join(folder, "settings.json")])).toMatchObject({ code: 0 });
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("rejects a blur out of range with a message; each kind of blur and noise has its own settings", async () => {
    const { page, errors } = await open();
    await selectSample(page);
    expect(await page.isVisible("#blur")).toBe(false);
    await page.selectOption("#task", "deblur");
    expect(await page.inputValue("#level")).toBe("0.02");
    expect(await page.isVisible("#angle")).toBe(false);
    for (const [id, value, message] of [
      ["size", "40", /^The size of the blur is 40; for this blur it lies between 0.5 and 4/],
      ["size", "", /^The size of the blur is empty/],
    ] as const) {
      await page.fill(`#${id}`, value);
      await page.click("#start");
      expect(await errorText(page)).toMatch(message);
    }
    await page.selectOption("#blur", "motion");
    await page.fill("#angle", "200");
    await page.click("#start");
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
      await page.click("#start");
      await waitForStep(page, 2);
      await page.click("#stop");
      await waitForState(page, "done");
      const { bytes } = await download(page, "save-settings");
      await partsOf(JSON.parse(new TextDecoder().decode(bytes)) as object);
    }
    expect(errors).toEqual([]);
    await page.context().close();
  });

  it("offers the compatible losses, each with a reason", async () => {
    const { page } = await open();
    await selectSample(page);
    const offeredLosses = async () =>
      await page.$$eval("#loss option", (options) => options.map((option) => (option as HTMLOptionElement).value));
    expect(await offeredLosses()).toEqual(["SureGaussianLoss", "R2RLoss", "Neighbor2Neighbor", "SplittingLoss"]);
    await page.check("#estimate");
    expect(await page.textContent("#loss-why")).toContain("UNSURE");
    await page.selectOption("#noise", "gamma");
    expect(await offeredLosses()).toEqual(["R2RLoss", "Neighbor2Neighbor", "SplittingLoss"]);
    expect(await page.textContent("#loss-why")).toContain("Recorrupted");
    await page.context().close();
  });

  describe("images of the user", () => {
    const png = async (width: number, height: number) => Buffer.from(await encodePng(full([1, height, width], 0.5)));

    it("are rejected with a message if they cannot be read or are too small", async () => {
      const { page, errors } = await open();
      await page.setInputFiles("#file", {
        name: "notes.txt",
        mimeType: "text/plain",
        buffer: Buffer.from("not a picture"),
      });
      expect(await errorText(page)).toBe(
        "notes.txt is not a picture that this browser can read. PNG, JPEG and WebP work everywhere.",
      );
      await page.setInputFiles("#file", { name: "tiny.png", mimeType: "image/png", buffer: await png(20, 10) });
      expect(await errorText(page)).toMatch(/^tiny\.png has 20 x 10 pixels; at least 48/);
      await selectSample(page);
      await page.fill("#level", "7");
      await page.click("#start");
      expect(await errorText(page)).toMatch(/^The level is 7; for this noise it lies between/);
      await page.fill("#level", "0.1");
      await page.click("#start");
      await waitForState(page, "running");
      expect(await page.textContent("#error")).toBe("");
      expect(errors).toEqual([]);
      await page.context().close();
    });

    it("are downscaled on request if they are too large, and denoised without seams", async () => {
      const { page, errors } = await open();
      await page.setInputFiles("#file", { name: "large.png", mimeType: "image/png", buffer: await png(2600, 1600) });
      await page.waitForSelector("#large:not([hidden])");
      expect(await page.textContent("#large-text")).toBe(
        "This picture has 4.16 million pixels; this page takes up to 4 million.",
      );
      expect(await page.isDisabled("#start")).toBe(true);
      await page.click("#downscale");
      expect(await page.textContent("#picked")).toBe("large.png: 1300 x 800, grey.");
      // A constant image, in which a seam would be an edge.
      await page.uncheck("#estimate");
      await page.click("#start");
      await waitForStep(page, 2);
      await page.click("#stop");
      await waitForState(page, "done");
      const file = join(site.folder, "large.png");
      await writeFile(file, (await download(page, "save-picture")).bytes);
      const { data, shape } = await readPixels(file);
      expect(shape).toEqual([1, 800, 1300]);
      // Away from the border, the output is the same at every pixel.
      const inside = Array.from(
        { length: 700 * 1200 },
        (_, i) => data[(50 + Math.floor(i / 1200)) * 1300 + 50 + (i % 1200)]!,
      );
      expect(new Set(inside).size).toBe(1);
      expect(errors).toEqual([]);
      await page.context().close();
    });

    it("are deblurred with the estimated noise level, even if there is no noise", async () => {
      const { page, errors } = await open();
      await page.setInputFiles("#file", { name: "flat.png", mimeType: "image/png", buffer: await png(60, 50) });
      await page.waitForFunction(() => document.getElementById("picked")?.textContent === "flat.png: 60 x 50, grey.");
      await page.selectOption("#task", "deblur");
      expect(await page.isChecked("#estimate")).toBe(true);
      expect(await page.textContent("#task-help")).toContain("has to be told");
      await page.selectOption("#blur", "disk");
      await page.fill("#size", "10");
      await page.click("#start");
      await waitForStep(page, 2);
      await page.click("#stop");
      await waitForState(page, "done");
      // The smallest level of this noise, and patches not larger than the image.
      expect(JSON.parse(new TextDecoder().decode((await download(page, "save-settings")).bytes))).toMatchObject({
        physics: { noise: { sigma: 0.005 } },
        data: { patch: 50 },
      });
      expect(errors).toEqual([]);
      await page.context().close();
    });

    it("can be dropped or pasted", async () => {
      const { page } = await open();
      const bytes = Array.from(await png(64, 48));
      for (const [kind, name] of [
        ["drop", "dropped.png: 64 x 48, grey."],
        ["paste", "The pasted picture: 64 x 48, grey."],
      ] as const) {
        await page.evaluate(
          ([how, content]) => {
            const data = new DataTransfer();
            data.items.add(new File([Uint8Array.from(content)], "dropped.png", { type: "image/png" }));
            const event =
              how === "drop"
                ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
                : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
            document.getElementById("drop")?.dispatchEvent(event);
          },
          [kind, bytes] as const,
        );
        await page.waitForFunction((text) => document.getElementById("picked")?.textContent === text, name);
        expect(await page.isChecked("#estimate")).toBe(true);
      }
      await page.context().close();
    });
  });

  describe("accessibility", () => {
    it("every control has a name and can be used with the keyboard", async () => {
      const { page } = await open();
      const unnamed = await page.$$eval("button, input, select", (controls) =>
        controls
          .filter((control) => {
            const named =
              (control as HTMLInputElement).labels?.[0]?.textContent ?? control.getAttribute("aria-label") ?? "";
            const own = control.textContent?.trim() || control.querySelector("img")?.alt || "";
            return (control.tagName === "BUTTON" ? own || named : named) === "";
          })
          .map((control) => control.outerHTML),
      );
      expect(unnamed).toEqual([]);
      await page.keyboard.press("Tab");
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("file");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => !(document.getElementById("start") as HTMLButtonElement).disabled);
      for (let i = 0; i < 30 && (await page.evaluate(() => document.activeElement?.id)) !== "start"; i++)
        await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await waitForState(page, "running");
      await page.focus("#slider");
      await page.keyboard.press("ArrowRight");
      expect(await page.getAttribute("#slider", "aria-valuetext")).toBe("51 percent cleaned");
      expect(await page.evaluate(() => document.getElementById("compare")?.style.getPropertyValue("--at"))).toBe("51%");
      await page.context().close();
    });

    it("fits the screen of a phone, in light and dark mode", async () => {
      const { page } = await open({ width: 360, height: 740 });
      await selectSample(page);
      await page.click("#start");
      await page.waitForFunction(() => document.querySelector("#chart svg") !== null);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      const paper = async () => await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(await paper()).toBe("rgb(255, 255, 255)");
      await page.screenshot({ path: join(screenshots, "phone.png"), fullPage: true });
      await page.emulateMedia({ colorScheme: "dark" });
      expect(await paper()).toBe("rgb(13, 17, 23)");
      await page.screenshot({ path: join(screenshots, "phone-dark.png"), fullPage: true });
      await page.context().close();
    });
  });
});
