import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { build, createServer } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeBrowser, launch } from "../browser/chromium.js";
import { serve } from "../../scripts/serve.mjs";
import { compiled, node } from "../cli/compiled.js";

const start = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;

/** The program of docs/browser.md. */
const document = await readFile(join(root, "docs", "browser.md"), "utf8");
const lines = /```js\n([\s\S]*?)```/.exec(document)?.[1] ?? "";
/** The program of the page; tests read `result`. */
const program = `${lines}\nglobalThis.result = { shape: clean.shape, value: (await clean.data()).length };\n`;
const expected = { shape: [1, 1, 64, 64], value: 4096 };

beforeAll(async () => {
  compiled("browser.js");
  folder = await mkdtemp(join(tmpdir(), "adjoint-web-"));
  const { stdout } = await start("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    cwd: root,
    maxBuffer: 1 << 24,
  });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const installed = join(folder, "node_modules", "adjoint");
  await mkdir(installed, { recursive: true });
  await start("tar", ["-xzf", join(folder, filename), "-C", installed, "--strip-components=1"]);
  await rm(join(installed, "dist", "native"), { recursive: true, force: true });
  // A bundler asks for what readers of files load when needed; a page without one does without.
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    await readFile(join(root, "package.json"), "utf8"),
  ) as { dependencies?: object; optionalDependencies?: object };
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    await symlink(join(root, "node_modules", name), join(folder, "node_modules", name), "dir");
  }
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  await writeFile(join(folder, "main.js"), program);
}, 120_000);
afterAll(async () => await rm(folder, { recursive: true, force: true }));

describeBrowser("the packed package in a browser", () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launch()));
  afterAll(async () => await browser?.close());

  /** The result of the page at a URL, and the warnings and errors on its console. */
  async function result(url: string): Promise<{ got: unknown; messages: string[] }> {
    const page = await browser.newPage();
    const messages: string[] = [];
    // Chromium warns once about `device: "auto"` without a graphics driver.
    let adapters = 0;
    page.on("console", (message) => {
      if (message.text() === "No available adapters." && adapters++ === 0) return;
      if (["error", "warning"].includes(message.type())) messages.push(message.text());
    });
    page.on("pageerror", (error) => messages.push(error.message));
    await page.goto(url);
    await page
      .waitForFunction(() => "result" in globalThis, undefined, { timeout: 60_000 })
      .catch((error: Error) => expect([...messages, error.message]).toEqual([]));
    const got = await page.evaluate(() => Reflect.get(globalThis, "result") as unknown);
    await page.close();
    return { got, messages };
  }
  const html = (script: string, head = "") =>
    `<!doctype html><title>user</title><link rel="icon" href="data:,">${head}<script type="module" ${script}</script>`;

  it("runs the program of docs/browser.md in a page without a bundler", async () => {
    const map =
      '<script type="importmap">{ "imports": { "adjoint": "/node_modules/adjoint/dist/browser.js" } }</script>';
    await writeFile(join(folder, "plain.html"), html('src="/main.js">', map));
    const site = await serve({ "/": `${folder}/` });
    try {
      expect(await result(`${site.origin}/plain.html`)).toEqual({ got: expected, messages: [] });
    } finally {
      await site.close();
    }
  });

  describe("in a fresh Vite project", () => {
    beforeAll(async () => await writeFile(join(folder, "index.html"), html('src="/main.js">')));

    it("runs when built; the build has no warnings and no module of Node", async () => {
      const warnings: string[] = [];
      const custom = {
        hasWarned: false,
        info: () => undefined,
        warn: (text: string) => void warnings.push(text),
        warnOnce: (text: string) => void warnings.push(text),
        error: (text: string) => void warnings.push(text),
        clearScreen: () => undefined,
        hasErrorLogged: () => false,
      };
      await build({
        root: folder,
        configFile: false,
        customLogger: custom,
        build: {
          target: "es2022",
          outDir: "built",
          chunkSizeWarningLimit: 10_000,
          // How long the bundler takes is no fault of the package.
          rolldownOptions: { checks: { pluginTimings: false } },
        },
      });
      expect(warnings).toEqual([]);
      const assets = join(folder, "built", "assets");
      const scripts = (await readdir(assets)).filter((file) => file.endsWith(".js"));
      for (const file of scripts)
        expect(await readFile(join(assets, file), "utf8"), file).not.toMatch(/"node:|cli-progress|createRequire/);
      const site = await serve({ "/": join(folder, "built/") });
      try {
        expect(await result(`${site.origin}/`)).toEqual({ got: expected, messages: [] });
      } finally {
        await site.close();
      }
    });

    it("built with adjoint/cpu, it runs and has no module for GPUs", async () => {
      await mkdir(join(folder, "cpu"), { recursive: true });
      await writeFile(join(folder, "cpu", "index.html"), html('src="./main.js">'));
      await writeFile(join(folder, "cpu", "main.js"), program.replace('from "adjoint"', 'from "adjoint/cpu"'));
      const outDir = join(folder, "built-cpu");
      const options = { target: "es2022", outDir, chunkSizeWarningLimit: 10_000 } as const;
      await build({ root: join(folder, "cpu"), configFile: false, logLevel: "silent", build: options });
      const files = await readdir(join(outDir, "assets"));
      const modules = files.filter((file) => file.endsWith(".wasm")).map((file) => file.replace(/-.*/, ""));
      const threads = existsSync(join(root, "dist/wasm/adjoint_wasm_threads_bg.wasm"))
        ? ["adjoint_wasm_threads_bg"]
        : [];
      expect(modules.sort()).toEqual(["adjoint_wasm_bg", "adjoint_wasm_relaxed_bg", ...threads]);
      const sizes = await Promise.all(files.map(async (file) => (await stat(join(outDir, "assets", file))).size));
      // The module for GPUs alone has 17 MB.
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(12e6);
      const site = await serve({ "/": `${outDir}/` });
      try {
        expect(await result(`${site.origin}/`)).toEqual({ got: expected, messages: [] });
      } finally {
        await site.close();
      }
    });

    it("runs in Vite's development server", async () => {
      const server = await createServer({
        root: folder,
        configFile: false,
        logLevel: "error",
        server: { port: 0, host: "127.0.0.1" },
      });
      try {
        await server.listen();
        expect((await result(server.resolvedUrls?.local[0] ?? "")).got).toEqual(expected);
      } finally {
        await server.close();
      }
    });

    it("runs in a worker with Vite's default settings and the URL of the module", async () => {
      await mkdir(join(folder, "worker"), { recursive: true });
      await writeFile(join(folder, "worker", "index.html"), html('src="./page.js">'));
      await writeFile(
        join(folder, "worker", "page.js"),
        `const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
        worker.onmessage = ({ data }) => { globalThis.result = data; };`,
      );
      await writeFile(
        join(folder, "worker", "worker.js"),
        `import { init, ones } from "adjoint";
        import wasm from "adjoint/adjoint_wasm_bg.wasm?url";
        init({ wasm: new URL(wasm, self.location.href) }).then(() => postMessage(ones([2, 3]).shape));`,
      );
      await build({
        root: join(folder, "worker"),
        configFile: false,
        logLevel: "error",
        build: { target: "es2022", outDir: join(folder, "built-worker") },
      });
      const site = await serve({ "/": join(folder, "built-worker/") });
      try {
        expect(await result(`${site.origin}/`)).toEqual({ got: [2, 3], messages: [] });
      } finally {
        await site.close();
      }
    });
  });
});

describe("the packed package in Node without an add-on", () => {
  it("uses the WebAssembly module instead, with a warning of one line", async () => {
    await writeFile(
      join(folder, "fallback.mjs"),
      `import { init, ones } from "adjoint";
      await init();
      await init();
      console.log(await ones([2]).add(1).array());`,
    );
    const { code, stdout, stderr } = await node([join(folder, "fallback.mjs")]);
    expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: "[ 2, 2 ]" });
    expect(stderr.trim().split("\n")).toEqual([
      expect.stringMatching(/^adjoint: the native add-on is missing.*WebAssembly/),
    ]);
  });

  it("adjoint/web uses the WebAssembly module without a warning", async () => {
    await writeFile(
      join(folder, "web.mjs"),
      `import { init, ones } from "adjoint/web";
      await init({ device: "auto" });
      console.log(ones([2]).device);`,
    );
    expect(await node([join(folder, "web.mjs")])).toEqual({ code: 0, stdout: "cpu\n", stderr: "" });
  });
});
