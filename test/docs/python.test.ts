import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readWeights } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";
import { compiled } from "../cli/compiled.js";
import { compileIn, print, programs, pythonWith } from "./run-programs.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const fixtures = fileURLToPath(new URL("fixtures/python/", import.meta.url));
/** Where the programs of the document write. */
const exchanged = join(root, "results", "python");
let folder: string;
let typescript: string;

beforeAll(async () => {
  compiled("index.js");
  await init();
  await rm(exchanged, { recursive: true, force: true });
  await mkdir(exchanged, { recursive: true });
  folder = await mkdtemp(join(root, "results", "documents-"));
  [typescript = ""] = await compileIn(folder, "python", await programs("python.md"));
});
afterAll(async () => {
  for (const path of [folder, exchanged]) await rm(path, { recursive: true, force: true });
});

const difference = (text: string): number => Number(/largest difference[^:]*: (\S+)/.exec(text)?.[1] ?? Number.NaN);

describe("docs/python.md", () => {
  it("its TypeScript gives deepinv's outputs with deepinv's weights (files that its first program wrote)", async () => {
    for (const name of await readdir(fixtures)) await copyFile(join(fixtures, name), join(exchanged, name));
    expect(difference(await print(typescript))).toBeLessThan(1e-6);
    const [there, back] = await Promise.all(
      ["there.pth.tar", "back.safetensors"].map((name) => readWeights(join(exchanged, name))),
    );
    expect(Object.keys(back!).sort()).toEqual(Object.keys(there!).sort());
    for (const [name, value] of Object.entries(there!)) expect(back![name]?.dataSync(), name).toEqual(value.dataSync());
  });

  const python = pythonWith("deepinv", "safetensors");
  it.skipIf(python === undefined)(
    "its programs take weights there and back, where deepinv and safetensors are installed (ADJOINT_PYTHON)",
    { timeout: 300_000 },
    async () => {
      const files = (await programs("python.md", "python")).map((code, i) => ({ code, file: join(folder, `${i}.py`) }));
      for (const { code, file } of files) await writeFile(file, code);
      const [there, back] = files.map(({ file }) => file) as [string, string];
      await print(there, python);
      expect(difference(await print(typescript))).toBeLessThan(1e-6);
      expect(difference(await print(back, python))).toBeLessThan(1e-6);
    },
  );
});
