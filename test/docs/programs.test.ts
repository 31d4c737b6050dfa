import { execFile, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TRAINER_KEYS } from "../../ts/train/check-options.js";
import { compiled } from "../cli/compiled.js";

const start = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

/** The TypeScript programs of a document. */
const programs = async (document: string): Promise<string[]> =>
  [...(await readFile(join(root, "docs", document), "utf8")).matchAll(/```ts\n([\s\S]*?)```/g)].map(
    ([, code]) => code as string,
  );

/** A training of the documents made short: what is written there takes minutes. */
const shortened = [
  [/epochs: \d+/g, "epochs: 1"],
  [/length: \d+/g, "length: 16"],
  [/const steps = \d+/g, "const steps = 3"],
] as const;
const short = (code: string): string => shortened.reduce((text, [long, less]) => text.replace(long, less), code);

let folder: string;
beforeAll(async () => {
  compiled("index.js");
  // Below the root, where "adjoint" is the package itself.
  await mkdir(join(root, "results"), { recursive: true });
  folder = await mkdtemp(join(root, "results", "documents-"));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

/** Type-checks the programs and gives the files that the compiler made of them. */
async function compile(name: string, codes: readonly string[]): Promise<string[]> {
  const files = codes.map((_, i) => join(folder, `${name}-${i}.ts`));
  await Promise.all(codes.map((code, i) => writeFile(files[i] as string, code)));
  const options = [
    "--strict",
    "--module",
    "nodenext",
    "--target",
    "es2022",
    "--lib",
    "es2022,dom,esnext.disposable",
    "--types",
    "node",
    "--typeRoots",
    join(root, "node_modules", "@types"),
    "--ignoreConfig",
  ];
  const { stdout } = await start(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), ...options, ...files],
    { cwd: folder },
  ).catch((error: { stdout: string }) => error);
  expect(stdout).toBe("");
  return files.map((file) => file.replace(/ts$/, "js"));
}

/** What a program prints; it runs in the root, as a user's would in a clone. */
async function print(file: string): Promise<string> {
  const { stdout } = await start(process.execPath, [file], { cwd: root });
  return stdout;
}

describe("docs/porting.md", () => {
  it("type-checks and runs", async () => {
    const codes = await programs("porting.md");
    expect(codes.length).toBeGreaterThanOrEqual(2);
    const files = await compile("porting", codes.map(short));
    const [trainer = "", byHand = "", adversarial = ""] = await Promise.all(files.map(print));
    for (const text of [trainer, adversarial]) expect(text).toMatch(/PSNR \d+\.\d\d dB, noisy \d+\.\d\d dB/);
    expect(byHand).toMatch(/step 3 of 3: loss -?\d/);
  });

  it("takes the same number of steps in both languages", async () => {
    const text = await readFile(join(root, "docs", "porting.md"), "utf8");
    const [python = "", typescript = ""] = [/```python\n([\s\S]*?)```/, /```ts\n([\s\S]*?)```/].map(
      (pattern) => pattern.exec(text)?.[1] ?? "",
    );
    const number = (code: string, pattern: RegExp): number => Number(pattern.exec(code)?.[1]);
    const budget = (code: string, samples: RegExp): number[] =>
      [samples, /epochs[=:] ?(\d+)/, /batch_?[sS]ize[=:] ?(\d+)/].map((pattern) => number(code, pattern));
    expect(budget(python, /num_samples=(\d+)/)).toEqual([400, 10, 8]);
    expect(budget(typescript, /length: (\d+)/)).toEqual([400, 10, 8]);
  });

  const deepinv = [process.env["ADJOINT_PYTHON"], "python3"].find(
    (program) => program !== undefined && spawnSync(program, ["-c", "import deepinv, torchvision"]).status === 0,
  );
  it.skipIf(deepinv === undefined)("its Python runs, where deepinv is installed (ADJOINT_PYTHON)", async () => {
    const text = await readFile(join(root, "docs", "porting.md"), "utf8");
    const codes = [...text.matchAll(/```python\n([\s\S]*?)```/g)].map(([, code]) => code as string);
    expect(codes).toHaveLength(3);
    const shorter = [
      [/epochs=\d+/g, "epochs=1"],
      [/num_samples=\d+/g, "num_samples=16"],
      [/steps = \d+/g, "steps = 3"],
      ["results/port", join(folder, "port")],
      ["weights.pt", join(folder, "weights.pt")],
    ] as const;
    const printed = codes.map(async (code, i) => {
      const file = join(folder, `port-${i}.py`);
      await writeFile(
        file,
        shorter.reduce((shown, [long, less]) => shown.replace(long, less), code),
      );
      return (await start(deepinv as string, [file], { cwd: root, maxBuffer: 1 << 26 })).stdout;
    });
    const [trainer = "", byHand = "", adversarial = ""] = await Promise.all(printed);
    for (const shown of [trainer, adversarial]) expect(shown).toMatch(/PSNR \d+\.\d\d dB, noisy \d+\.\d\d dB/);
    expect(byHand).toMatch(/step 3 of 3: loss -?\d/);
  });

  it("has the same Python and TypeScript, line by line: every class that the port names exists", async () => {
    const text = await readFile(join(root, "docs", "porting.md"), "utf8");
    const names = [...text.matchAll(/^\| `dinv\.[\w.]+\.(\w+)[^`]*` \| `(?:new )?(\w+)\.([\w.]+)/gm)];
    expect(names.length).toBeGreaterThan(5);
    const library = (await import("../../ts/index.js")) as unknown as Record<string, Record<string, unknown>>;
    for (const [, , space, path] of names) {
      const found = (path as string)
        .split(".")
        .reduce<unknown>(
          (value, key) => (value as Record<string, unknown> | undefined)?.[key],
          library[space as string],
        );
      expect(found, `${space as string}.${path as string}`).toBeTypeOf("function");
    }
  });
});

describe("docs/training.md", () => {
  it("type-checks, runs, and prints what it says", async () => {
    const files = await compile("training", await programs("training.md"));
    const printed = [
      [/^step 40 of 40: loss \d/m, /^PSNR 2[1-9]\.\d\d dB, of the measurement 20\.\d\d dB$/m],
      [/^the same: true$/m, /^steps: 5$/m],
      [/^epoch 1: -?\d\.\d{5}, SURE -?\d/m, /^best: total -?\d\.\d{5} after epoch [1-6]$/m],
      [/^20 steps: SupLoss, R2RLoss, TVLoss$/m],
      [/^from step 0: DnCNN, \d+ weights$/m, /^16 of 16 steps, 2 charts$/m],
      [/^discriminator: total, SupAdversarialDiscriminatorLoss$/m],
    ];
    expect(files).toHaveLength(printed.length);
    for (const [i, file] of files.entries()) {
      const text = await print(file);
      for (const pattern of printed[i] ?? []) expect(text).toMatch(pattern);
    }
    await rm(join(root, "results", "training"), { recursive: true, force: true });
  });

  it("has every option of the Trainer", async () => {
    const text = await readFile(join(root, "docs", "training.md"), "utf8");
    for (const option of TRAINER_KEYS) expect(text, option).toMatch(new RegExp(`\\b${option}\\b`));
  });
});

describe("docs/apply.md", () => {
  it("its program type-checks, and restores a picture in any unit", async () => {
    const [file = ""] = await compile("apply", await programs("apply.md"));
    expect(await print(file)).toBe("restored 1 x 1 x 256 x 256\nthe same in other units: true\n");
    await rm(join(root, "results", "network.safetensors"));
  });

  it("has every option of the command and of the function", async () => {
    const text = await readFile(join(root, "docs", "apply.md"), "utf8");
    const { stdout } = await start(process.execPath, [compiled("cli/main.js"), "apply", "--help"]);
    const options = [...stdout.matchAll(/^ {2}(--[a-z]+)/gm)].map(([, option]) => option as string);
    expect(options).toContain("--scale");
    for (const option of options.filter((each) => !["--json", "--device"].includes(each)))
      expect(text).toContain(`\`${option}`);
    for (const option of ["scale", "scaleLevels", "tile", "margin", "rng", "signal", "onProgress"])
      expect(text).toMatch(new RegExp(`\`${option}\``));
  });
});

describe("docs/README.md", () => {
  it("lists every document, and links only to what exists", async () => {
    const text = await readFile(join(root, "docs", "README.md"), "utf8");
    const links = [...text.matchAll(/\]\(([^)#]+)[^)]*\)/g)]
      .map(([, link]) => link as string)
      .filter((link) => !link.startsWith("http"));
    for (const link of links)
      await readdir(join(root, "docs", link, "..")).then((files) =>
        expect(files, link).toContain(link.split("/").at(-1)),
      );
    for (const file of await readdir(join(root, "docs")))
      if (file.endsWith(".md") && file !== "README.md") expect(links).toContain(file);
  });
});

describe("docs/loggers.md", () => {
  it("its logger type-checks against the package", async () => {
    await compile("loggers", await programs("loggers.md"));
  });
});

describe("docs/image-files.md", () => {
  it("its program type-checks, and prints shapes, type and stored values of the stack", async () => {
    const [file = ""] = await compile("image-files", await programs("image-files.md"));
    const shapes = "[ 1, 1, 8, 8 ] [ 4, 1, 8, 8 ] [ 1, 8, 8 ]";
    expect(await print(file)).toBe(`${shapes} uint16 4 1 32768 tiff\n`);
    await rm(join(root, "results", "stack.tif"));
  });
});

describe("docs/normalisation.md", () => {
  it("its program type-checks and runs on data near 1e-4", { timeout: 60_000 }, async () => {
    const [file = ""] = await compile("normalisation", (await programs("normalisation.md")).map(short));
    const stdout = await print(file);
    expect(stdout).toMatch(/^scale \d\.\d\de-[45], PSNR \d+\.\d\d dB$/m);
    expect(stdout).toMatch(/^largest value: near 1e-4$/m);
  });
});
