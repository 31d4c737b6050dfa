import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildParts } from "../../ts/cli/build.js";
import { checkConfig } from "../../ts/cli/config.js";
import { encodePng, parseSafetensors, readPixels } from "../../ts/io/index.js";
import { DnCNN } from "../../ts/nn/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { full } from "../../ts/tensor/index.js";
import { adjoint } from "../cli/compiled.js";
import { describeBrowser } from "./chromium.js";
import { downloaded, error, pictures, reached, root, sample, show, type Shown, state, status, step } from "./page.js";

describeBrowser("the page examples/web", () => {
  let shown: Shown;
  beforeAll(async () => {
    shown = await show();
    await init();
  }, 180_000);
  afterAll(async () => await shown?.close());
  const open = async (size?: { width: number; height: number }) => await shown.open(size);

  const psnr = async (name: string, bytes: Uint8Array): Promise<number> => {
    const file = join(shown.folder, "download.png");
    await writeFile(file, bytes);
    const [got, truth] = await Promise.all([readPixels(file), readPixels(join(root, "examples/images", name))]);
    expect(got.shape).toEqual(truth.shape);
    const error2 = got.data.reduce((sum, value, i) => sum + (value - truth.data[i]!) ** 2, 0) / got.data.length;
    return -10 * Math.log10(error2);
  };

  it("cleans a sample by at least 3 dB, and gives picture, weights and settings; nothing leaves the origin", async () => {
    const { page, requests, faults } = await open();
    await sample(page);
    await page.click("#start");
    await state(page, "running");
    // The page answers while the worker learns.
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
    await state(page, "done");
    const [, from, to] = /PSNR rose from ([\d.]+) to ([\d.]+) dB/.exec(await status(page)) ?? [];
    expect(Number(to) - Number(from)).toBeGreaterThanOrEqual(3);
    await page.screenshot({ path: join(pictures, "page.png"), fullPage: true });

    const picture = await downloaded(page, "save-picture");
    expect(picture.name).toBe("cleaned.png");
    // Measured anew, here, from what was downloaded.
    expect((await psnr("camera.png", picture.bytes)) - Number(from)).toBeGreaterThanOrEqual(3);

    const settings = JSON.parse(new TextDecoder().decode((await downloaded(page, "save-settings")).bytes)) as Record<
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
    new DnCNN(sizes).loadStateDict(parseSafetensors((await downloaded(page, "save-weights")).bytes), { strict: true });
    await mkdir(join(shown.folder, "picture"), { recursive: true });
    await writeFile(join(shown.folder, "picture", "picture.png"), picture.bytes);
    await writeFile(join(shown.folder, "settings.json"), JSON.stringify({ ...settings, maxSteps: 2 }));
    expect(await adjoint(["train", join(shown.folder, "settings.json")])).toMatchObject({ code: 0 });

    expect(requests.length).toBeGreaterThan(5);
    expect(
      requests.filter(
        (url) =>
          !url.startsWith(`${shown.origin}/`) && !url.startsWith(`blob:${shown.origin}/`) && !url.startsWith("data:"),
      ),
    ).toEqual([]);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it("runs twice in one page, pauses, goes on, and stops in the middle with a result", async () => {
    const { page, faults } = await open();
    await sample(page);
    await page.selectOption("#effort", "thorough");
    await page.click("#start");
    await reached(page, 4);
    await page.click("#pause");
    await state(page, "paused");
    const paused = await step(page);
    await page.waitForTimeout(500);
    expect(await step(page)).toBe(paused);
    await page.click("#pause");
    await page.waitForFunction(
      (before) => Number.parseInt(document.getElementById("n-step")?.textContent ?? "", 10) > before,
      paused,
    );
    await page.click("#stop");
    await state(page, "done");
    const stopped = Number(/Done after (\d+) steps/.exec(await status(page))?.[1]);
    expect(stopped).toBeGreaterThan(paused);
    expect(stopped).toBeLessThan(1000);
    expect((await downloaded(page, "save-picture")).bytes.length).toBeGreaterThan(1000);

    // A colour picture, another noise and loss, in the same page; stopped while it is paused.
    await sample(page, "chelsea");
    await page.selectOption("#noise", "poisson");
    await page.selectOption("#loss", "R2RLoss");
    await page.selectOption("#effort", "quick");
    await page.click("#start");
    await reached(page, 2);
    await page.click("#pause");
    await state(page, "paused");
    await page.click("#stop");
    await state(page, "done");
    const again = await downloaded(page, "save-picture");
    await psnr("chelsea.png", again.bytes);
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it("fills in missing pixels", async () => {
    const { page, faults } = await open();
    await sample(page);
    await page.selectOption("#task", "inpaint");
    await page.fill("#level", "0.02");
    expect(await page.textContent("#loss-why")).toContain("hidden from the network");
    await page.click("#start");
    await state(page, "done");
    const [, from, to] = /PSNR rose from ([\d.]+) to ([\d.]+) dB/.exec(await status(page)) ?? [];
    expect(Number(to) - Number(from)).toBeGreaterThanOrEqual(3);
    await page.screenshot({ path: join(pictures, "inpainting.png"), fullPage: true });
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it("removes blur; the settings are those of a training by the command", async () => {
    const { page, faults } = await open();
    await sample(page);
    await page.selectOption("#task", "deblur");
    await page.selectOption("#blur", "motion");
    await page.selectOption("#effort", "quick");
    expect(await page.isVisible("#angle")).toBe(true);
    await page.click("#start");
    await state(page, "running");
    await page.click("#pause");
    await state(page, "paused");
    await page.click("#pause");
    await state(page, "done");
    const [, from, to] = /PSNR rose from ([\d.]+) to ([\d.]+) dB/.exec(await status(page)) ?? [];
    expect(Number(to) - Number(from)).toBeGreaterThanOrEqual(1.5);
    await page.screenshot({ path: join(pictures, "deblurring.png"), fullPage: true });
    const picture = await downloaded(page, "save-picture");
    expect((await psnr("camera.png", picture.bytes)) - Number(from)).toBeGreaterThanOrEqual(1.5);

    const settings = JSON.parse(new TextDecoder().decode((await downloaded(page, "save-settings")).bytes)) as Record<
      string,
      unknown
    >;
    const { model, physics } = buildParts(checkConfig(settings, "settings"), new Rng(0));
    expect(physics.operator).toBe("blur");
    model.loadStateDict(parseSafetensors((await downloaded(page, "save-weights")).bytes), { strict: true });
    const home = join(shown.folder, "deblurring");
    await mkdir(join(home, "picture"), { recursive: true });
    await writeFile(join(home, "picture", "picture.png"), picture.bytes);
    await writeFile(join(home, "settings.json"), JSON.stringify({ ...settings, maxSteps: 2 }));
    expect(await adjoint(["train", join(home, "settings.json")])).toMatchObject({ code: 0 });
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it("refuses a blur out of range with a sentence; each kind of blur and noise has its own settings", async () => {
    const { page, faults } = await open();
    await sample(page);
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
      expect(await error(page)).toMatch(message);
    }
    await page.selectOption("#blur", "motion");
    await page.fill("#angle", "200");
    await page.click("#start");
    await page.waitForFunction(() =>
      document.getElementById("error")?.textContent?.startsWith("The direction of the blur is 200"),
    );

    // Each kind of blur and noise makes settings that the command takes, and two steps of it run.
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
      await reached(page, 2);
      await page.click("#stop");
      await state(page, "done");
      const { bytes } = await downloaded(page, "save-settings");
      buildParts(checkConfig(JSON.parse(new TextDecoder().decode(bytes)), "settings"), new Rng(0));
    }
    expect(faults).toEqual([]);
    await page.context().close();
  });

  it("offers the losses that fit, each with its reason", async () => {
    const { page } = await open();
    await sample(page);
    const offered = async () =>
      await page.$$eval("#loss option", (options) => options.map((option) => (option as HTMLOptionElement).value));
    expect(await offered()).toEqual(["SureGaussianLoss", "R2RLoss", "Neighbor2Neighbor", "SplittingLoss"]);
    await page.check("#estimate");
    expect(await page.textContent("#loss-why")).toContain("UNSURE");
    await page.selectOption("#noise", "gamma");
    expect(await offered()).toEqual(["R2RLoss", "Neighbor2Neighbor", "SplittingLoss"]);
    expect(await page.textContent("#loss-why")).toContain("Recorrupted");
    await page.context().close();
  });

  describe("pictures of the visitor", () => {
    const png = async (width: number, height: number) => Buffer.from(await encodePng(full([1, height, width], 0.5)));

    it("that are none get a sentence, and the page goes on", async () => {
      const { page, faults } = await open();
      await page.setInputFiles("#file", {
        name: "notes.txt",
        mimeType: "text/plain",
        buffer: Buffer.from("not a picture"),
      });
      expect(await error(page)).toBe(
        "notes.txt is not a picture that this browser can read. PNG, JPEG and WebP work everywhere.",
      );
      await page.setInputFiles("#file", { name: "tiny.png", mimeType: "image/png", buffer: await png(20, 10) });
      expect(await error(page)).toMatch(/^tiny\.png has 20 x 10 pixels; at least 48/);
      await sample(page);
      await page.fill("#level", "7");
      await page.click("#start");
      expect(await error(page)).toMatch(/^The level is 7; for this noise it lies between/);
      await page.fill("#level", "0.1");
      await page.click("#start");
      await state(page, "running");
      expect(await page.textContent("#error")).toBe("");
      expect(faults).toEqual([]);
      await page.context().close();
    });

    it("that are too large are made smaller on request, and cleaned without seams", async () => {
      const { page, faults } = await open();
      await page.setInputFiles("#file", { name: "large.png", mimeType: "image/png", buffer: await png(2600, 1600) });
      await page.waitForSelector("#large:not([hidden])");
      expect(await page.textContent("#large-text")).toBe(
        "This picture has 4.16 million pixels; this page takes up to 4 million.",
      );
      expect(await page.isDisabled("#start")).toBe(true);
      await page.click("#downscale");
      expect(await page.textContent("#picked")).toBe("large.png: 1300 x 800, grey.");
      // A flat picture, which one step changes little: a seam would be a step in it.
      await page.uncheck("#estimate");
      await page.click("#start");
      await reached(page, 2);
      await page.click("#stop");
      await state(page, "done");
      const file = join(shown.folder, "large.png");
      await writeFile(file, (await downloaded(page, "save-picture")).bytes);
      const { data, shape } = await readPixels(file);
      expect(shape).toEqual([1, 800, 1300]);
      // Inside, where the network does not see the edge, every pixel of a flat picture comes out the same.
      const inside = Array.from(
        { length: 700 * 1200 },
        (_, i) => data[(50 + Math.floor(i / 1200)) * 1300 + 50 + (i % 1200)]!,
      );
      expect(new Set(inside).size).toBe(1);
      expect(faults).toEqual([]);
      await page.context().close();
    });

    it("that are blurred are taken with the noise that is found in them, be it none", async () => {
      const { page, faults } = await open();
      await page.setInputFiles("#file", { name: "flat.png", mimeType: "image/png", buffer: await png(60, 50) });
      await page.waitForFunction(() => document.getElementById("picked")?.textContent === "flat.png: 60 x 50, grey.");
      await page.selectOption("#task", "deblur");
      expect(await page.isChecked("#estimate")).toBe(true);
      expect(await page.textContent("#task-help")).toContain("has to be told");
      await page.selectOption("#blur", "disk");
      await page.fill("#size", "10");
      await page.click("#start");
      await reached(page, 2);
      await page.click("#stop");
      await state(page, "done");
      // The least level of this noise, and patches no larger than the picture.
      expect(JSON.parse(new TextDecoder().decode((await downloaded(page, "save-settings")).bytes))).toMatchObject({
        physics: { noise: { sigma: 0.005 } },
        data: { patch: 50 },
      });
      expect(faults).toEqual([]);
      await page.context().close();
    });

    it("are taken when dropped or pasted", async () => {
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

  describe("for everyone", () => {
    it("every control has a name, and the keyboard reaches and works them", async () => {
      const { page } = await open();
      const nameless = await page.$$eval("button, input, select", (controls) =>
        controls
          .filter((control) => {
            const named =
              (control as HTMLInputElement).labels?.[0]?.textContent ?? control.getAttribute("aria-label") ?? "";
            const own = control.textContent?.trim() || control.querySelector("img")?.alt || "";
            return (control.tagName === "BUTTON" ? own || named : named) === "";
          })
          .map((control) => control.outerHTML),
      );
      expect(nameless).toEqual([]);
      await page.keyboard.press("Tab");
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("file");
      await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await page.waitForFunction(() => !(document.getElementById("start") as HTMLButtonElement).disabled);
      for (let i = 0; i < 30 && (await page.evaluate(() => document.activeElement?.id)) !== "start"; i++)
        await page.keyboard.press("Tab");
      await page.keyboard.press("Enter");
      await state(page, "running");
      await page.focus("#slider");
      await page.keyboard.press("ArrowRight");
      expect(await page.getAttribute("#slider", "aria-valuetext")).toBe("51 percent cleaned");
      expect(await page.evaluate(() => document.getElementById("compare")?.style.getPropertyValue("--at"))).toBe("51%");
      await page.context().close();
    });

    it("fits a phone, light and dark", async () => {
      const { page } = await open({ width: 360, height: 740 });
      await sample(page);
      await page.click("#start");
      await page.waitForFunction(() => document.querySelector("#chart svg") !== null);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
      const paper = async () => await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(await paper()).toBe("rgb(255, 255, 255)");
      await page.screenshot({ path: join(pictures, "phone.png"), fullPage: true });
      await page.emulateMedia({ colorScheme: "dark" });
      expect(await paper()).toBe("rgb(13, 17, 23)");
      await page.screenshot({ path: join(pictures, "phone-dark.png"), fullPage: true });
      await page.context().close();
    });
  });
});
