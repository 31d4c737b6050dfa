// Runs every program of the built site in a browser, as its playground does. `--base /path/`, `--browser chromium |
// firefox | webkit`, `--whole` for trainings as long as they are written.
import { join } from "node:path";
import * as playwright from "playwright-core";
import { launch } from "../chromium.mjs";
import { Failure, isMain, main, root } from "../common.mjs";
import { serve } from "../serve.mjs";
import { programs } from "./pages.mjs";

/** What makes a training of the documents short. */
const shorter = [
  [/epochs: \d+/g, "epochs: 1"],
  [/length: \d+\b(?! \*)/g, "length: 16"],
  [/const steps = \d+/g, "const steps = 2"],
  [/^ {2}steps: \d+/gm, "  steps: 2"],
];

/** The program with a training of a few steps. */
export const shortened = (code) => shorter.reduce((text, [long, less]) => text.replace(long, less), code);

/** Serves the built site below a path, with nothing else. */
export const serveSite = async (base) => await serve({ [base]: `${join(root, "dist", "site")}/` });

/** Runs a program in a worker of the page and gives what it sends, pictures without their pixels. */
export async function runProgram(page, base, code, timeout = 300_000) {
  return await page.evaluate(
    async ([address, text, limit]) => {
      // Written so that no tool which runs this file rewrites the import: it is the page's.
      const worker = (await new Function("address", "return import(address)")(address)).startWorker();
      const seen = [];
      const ended = new Promise((resolve) => {
        setTimeout(() => resolve({ type: "error", text: `no end after ${limit / 1000} s` }), limit);
        worker.onerror = ({ message }) => resolve({ type: "error", text: message || "the worker does not load" });
        worker.onmessage = ({ data }) => {
          const message = { ...data, rgba: undefined };
          if (message.type === "ready") worker.postMessage({ code: text });
          else if (message.type === "done" || message.type === "error") resolve(message);
          else seen.push(message);
        };
      });
      const end = await ended;
      worker.terminate();
      return { end, seen };
    },
    [`${base}playground/start.js`, code, timeout],
  );
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const option = (name, otherwise) => {
      const at = process.argv.indexOf(`--${name}`);
      return at < 0 ? otherwise : process.argv[at + 1];
    };
    const [base, name] = [option("base", "/"), option("browser", "chromium")];
    const browser = name === "chromium" ? await launch() : await playwright[name].launch();
    const site = await serveSite(base);
    const failed = [];
    try {
      const page = await browser.newPage();
      await page.goto(`${site.origin}${base}playground.html`);
      for (const { title, code } of programs()) {
        const { end, seen } = await runProgram(page, base, process.argv.includes("--whole") ? code : shortened(code));
        const logs = seen.filter(({ type }) => type === "log").map(({ text }) => text);
        process.stdout.write(
          `${end.type === "done" ? "ran   " : "FAILED"} ${title}: ${end.text ?? logs.at(-1) ?? ""}\n`,
        );
        if (end.type !== "done") failed.push(title);
      }
    } finally {
      await browser.close();
      await site.close();
    }
    if (failed.length > 0) throw new Failure(`${failed.length} programs failed: ${failed.join("; ")}.`);
  });
}
