import { execFile } from "node:child_process";
import { copyFile, link, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compiled } from "../cli/compiled.js";
import { programOptions } from "../program-options.js";

const start = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));
const npx = process.platform === "win32" ? "npx.cmd" : "npx";
const npm = process.platform === "win32" ? "npm.cmd" : "npm";

/** The programs of the README. */
const readme = await readFile(join(root, "README.md"), "utf8");
const programs = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code as string);
const firstLines = programs[0] ?? "";
const shown = `${firstLines}console.log(JSON.stringify({ shape: l.shape, value: (await l.data())[0] }));\n`;

const { exports: exported } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
  exports: Record<string, unknown>;
};

let folder: string;
let packed: { readonly filename: string; readonly files: readonly { readonly path: string; readonly size: number }[] };

/** Runs a command in the empty folder; returns its output. */
async function inFolder(command: string, args: readonly string[]): Promise<string> {
  return (await start(command, args, { cwd: folder, maxBuffer: 1 << 24 })).stdout;
}

beforeAll(async () => {
  compiled("index.js");
  folder = await mkdtemp(join(tmpdir(), "adjoint-packaging-"));
  const { stdout } = await start(npm, ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
    cwd: root,
    maxBuffer: 1 << 24,
  });
  [packed] = JSON.parse(stdout) as [typeof packed];
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  await inFolder(npm, ["install", "--prefer-offline", "--no-audit", "--no-fund", `./${packed.filename}`]);
}, 300_000);
afterAll(async () => await rm(folder, { recursive: true, force: true }));

describe("the packed files", () => {
  it("have the compiled library with its types, the add-on, the documents and the licences", () => {
    const paths = packed.files.map(({ path }) => path);
    for (const entry of [
      "index",
      "loss/index",
      "physics/index",
      "nn/index",
      "metric/index",
      "optim/index",
      "train/index",
      "transform/index",
      "data/index",
      "io/index",
      "testing/index",
      "cli/main",
    ]) {
      expect(paths).toContain(`dist/${entry}.js`);
      expect(paths).toContain(`dist/${entry}.d.ts`);
    }
    for (const path of [
      "dist/native/adjoint.node",
      "dist/native/adjoint-gpu.node",
      "dist/node.js",
      "dist/browser.js",
      "dist/wasm/adjoint_wasm.js",
      "dist/wasm/adjoint_wasm_bg.wasm",
      "dist/wasm/adjoint_wasm_gpu.js",
      "dist/wasm/adjoint_wasm_gpu_bg.wasm",
      "LICENSE-MIT",
      "LICENSE-APACHE",
      "README.md",
      "package.json",
      "examples/images/camera.png",
      "examples/configurations/start.json",
      "docs/config.schema.json",
    ])
      expect(paths).toContain(path);
  });

  it("have nothing else", () => {
    const files = "crates/wasm/sizes\\.json|CONTRIBUTING\\.md|README\\.md|LICENSE-|package\\.json";
    const more = `bench/(?:README\\.md|plots/)|${files}`;
    const allowed = new RegExp(`^(?:dist/(?!web/|.*\\.stamp)|examples/|docs/|schema/|${more})`);
    expect(
      packed.files
        .map(({ path }) => path)
        .filter((path) => !path.startsWith("examples/templates/"))
        .filter((path) => !allowed.test(path) || /\.(?:rs|tsbuildinfo|log)$|(?<!\.d)\.ts$|\.test\./.test(path)),
    ).toEqual([]);
  });

  it("have documents whose links lead to packed files", async () => {
    const paths = new Set(packed.files.map(({ path }) => path));
    const documents = [...paths].filter((path) => path.endsWith(".md"));
    expect(documents.length).toBeGreaterThan(20);
    const dead: string[] = [];
    for (const document of documents) {
      const text = await readFile(join(root, document), "utf8");
      for (const [, link = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        const [path = ""] = link.split("#");
        if (path === "" || /^https?:/.test(link)) continue;
        const target = posix.normalize(posix.join(posix.dirname(document), path)).replace(/\/$/, "");
        const isFolder = [...paths].some((each) => each.startsWith(`${target}/`));
        if (!paths.has(target) && !isFolder) dead.push(`${document}: ${link}`);
      }
    }
    expect(dead).toEqual([]);
  });

  it("are refused where something was not built, with the command that builds it", async () => {
    const bare = join(folder, "bare");
    for (const { path } of packed.files.filter(
      (file) => !/adjoint_wasm_gpu|^(?:examples|docs)\/.*\.(?:png|md)$/.test(file.path),
    )) {
      await mkdir(join(bare, dirname(path)), { recursive: true });
      await link(join(root, path), join(bare, path)).catch(
        async () => await copyFile(join(root, path), join(bare, path)),
      );
    }
    const check = (at: string) => start(process.execPath, [join(root, "scripts", "check-package.mjs"), at]);
    await expect(check(bare)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/adjoint_wasm_gpu\.js, .*adjoint_wasm_gpu_bg\.wasm: npm run build:wasm/),
    });
    await check(root);
    const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { scripts: object };
    expect(scripts).toHaveProperty("prepack", "node scripts/check-package.mjs");
  });

  it("pass publint", async () => {
    const { messages } = await publint({ pkgDir: root, strict: true });
    expect(messages.filter(({ type }) => type !== "suggestion")).toEqual([]);
  });
});

describe("the package, installed in an empty folder", () => {
  it("is the packed one", async () => {
    const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
    expect((await inFolder(npx, ["adjoint", "--version"])).trim()).toBe(version);
  });

  it("trains the configuration to start from, whose schema programs can import", async () => {
    const config = JSON.parse(await inFolder(npx, ["adjoint", "train", "--print-config"])) as object;
    await writeFile(join(folder, "config.json"), JSON.stringify({ ...config, maxSteps: 1 }));
    expect(await inFolder(npx, ["adjoint", "train", "config.json"])).toContain("1 steps");
    const program = `console.log(import.meta.resolve("adjoint/config.schema.json"))`;
    await writeFile(join(folder, "schema.mjs"), program);
    const address = (await inFolder(process.execPath, ["schema.mjs"])).trim();
    expect(JSON.parse(await readFile(fileURLToPath(address), "utf8"))).toHaveProperty("definitions");
  });

  it("accepts the README's programs with strict types, and rejects a loss for the wrong noise", async () => {
    await writeFile(join(folder, "first.ts"), shown);
    const wrong = shown.replace("new physics.GaussianNoise({ sigma: 0.1 })", "new physics.PoissonNoise({ gain: 0.1 })");
    await writeFile(join(folder, "wrong.ts"), wrong);
    const options = ["--noEmit", ...programOptions("es2022,dom")];
    const check = (file: string) =>
      inFolder(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), ...options, file]);
    await Promise.all(programs.map((code, i) => writeFile(join(folder, `program${i}.ts`), code)));
    for (const file of ["first.ts", ...programs.map((_, i) => `program${i}.ts`)])
      await check(file).catch((error: { stdout: string }) => expect(error.stdout).toBe(""));
    const output = await check("wrong.ts").catch((error: { stdout: string }) => error.stdout);
    expect(output).toMatch(/wrong\.ts\(\d+,\d+\): error[\s\S]*PoissonNoise/);
  });

  it("has types that need neither skipLibCheck nor @types/node", async () => {
    const paths = Object.keys(exported).filter((path) => !/\.(?:json|wasm)$/.test(path));
    const names = paths.map((path) => path.replace(/^\./, "adjoint"));
    const lines = names.map((name, i) => `import * as m${i} from "${name}";`);
    await writeFile(
      join(folder, "types.ts"),
      `${lines.join("\n")}\nvoid [${names.map((_, i) => `m${i}`).join(", ")}];\n`,
    );
    const options = ["--noEmit", "--strict", "--target", "es2022", "--types", ""];
    for (const resolution of [
      ["--module", "nodenext"],
      ["--module", "esnext", "--moduleResolution", "bundler"],
    ]) {
      const compiler = join(root, "node_modules/typescript/bin/tsc");
      const output = await inFolder(process.execPath, [compiler, ...options, ...resolution, "types.ts"]).catch(
        (error: { stdout: string }) => error.stdout,
      );
      expect(output).toBe("");
    }
  });

  it("can be required by CommonJS", async () => {
    const code = `const { init, ones } = require("adjoint");
      init().then(() => console.log(ones([3]).sum().itemSync()));`;
    await writeFile(join(folder, "common.cjs"), code);
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    // Modules can be required from Node 20.19 and 22.12 on.
    if (major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19))
      expect((await inFolder(process.execPath, ["common.cjs"])).trim()).toBe("3");
  });

  it("runs the README's first program", async () => {
    await writeFile(join(folder, "first.mjs"), shown);
    const { shape, value } = JSON.parse(await inFolder(process.execPath, ["first.mjs"])) as {
      shape: number[];
      value: number;
    };
    expect(shape).toEqual([1]);
    expect(value).toEqual(expect.any(Number));
  });

  it("without the add-on with GPUs computes on the cpu, and says how to get a GPU", async () => {
    await rm(join(folder, "node_modules", "adjoint", "dist", "native", "adjoint-gpu.node"));
    const code = `import { devices, init, ones } from "adjoint";
      await init();
      const { code, message } = await init({ device: "webgpu" }).catch((error) => error);
      await init({ device: "auto" });
      console.log(JSON.stringify({ code, message, sum: ones([3]).sum().itemSync() }));`;
    await writeFile(join(folder, "cpu.mjs"), code);
    expect(JSON.parse(await inFolder(process.execPath, ["cpu.mjs"]))).toEqual({
      code: "native_missing",
      message: expect.stringMatching(
        /adjoint-gpu\.node\); the installed package adjoint has none for .*npm run build:gpu/,
      ),
      sum: 3,
    });
  });

  it("can import every sub-path of its exports", async () => {
    const paths = Object.keys(exported)
      .filter((path) => !/\.(?:json|wasm)$/.test(path))
      .map((path) => path.replace(/^\./, "adjoint"));
    const code = `for (const path of ${JSON.stringify(paths)}) {
      console.log(path, Object.keys(await import(path)).length > 0);
    }`;
    await writeFile(join(folder, "paths.mjs"), code);
    expect((await inFolder(process.execPath, ["paths.mjs"])).trim().split("\n")).toEqual(
      paths.map((path) => `${path} true`),
    );
  });

  it("has the adjoint command", async () => {
    const help = await inFolder(npx, ["adjoint", "--help"]);
    for (const command of ["denoise", "train", "test", "losses", "devices"]) expect(help).toContain(command);
    expect(JSON.parse(await inFolder(npx, ["adjoint", "devices", "--json"]))).toContainEqual(
      expect.objectContaining({ name: "cpu", available: true }),
    );
  });
});
