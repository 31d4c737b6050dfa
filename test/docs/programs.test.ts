import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TRAINER_KEYS } from "../../ts/train/check-options.js";
import { compiled } from "../cli/compiled.js";
import { compileIn, print, programs, pythonWith } from "./run-programs.js";

const start = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

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
const compile = async (name: string, codes: readonly string[]): Promise<string[]> =>
  await compileIn(folder, name, codes);

describe("docs/porting.md", () => {
  it("type-checks and runs", async () => {
    const codes = await programs("porting.md");
    expect(codes.length).toBeGreaterThanOrEqual(2);
    const files = await compile("porting", codes.map(short));
    const [trainer = "", byHand = "", adversarial = ""] = await Promise.all(files.map((file) => print(file)));
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

  const deepinv = pythonWith("deepinv", "torchvision");
  it.skipIf(deepinv === undefined)("its Python runs, where deepinv is installed (ADJOINT_PYTHON)", async () => {
    const codes = await programs("porting.md", "python");
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
      return await print(file, deepinv);
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

describe("docs/networks.md", () => {
  it("its programs type-check, and print names, a table and an error that falls", async () => {
    const files = await compile("networks", await programs("networks.md"));
    const [asClass = "", asFunctions = ""] = await Promise.all(files.map((file) => print(file)));
    expect(asClass).toMatch(/^head\.weight head\.bias body\.first\.weight .*body\.last\.bias$/m);
    expect(asClass).toMatch(/^network: Residual +\[1, 1, 64, 64\]/m);
    const [, early, late] = /step 10: error ([\d.]+)\nstep 20: error ([\d.]+)/.exec(asFunctions) ?? [];
    expect(Number(late)).toBeLessThan(Number(early));
  });
});

describe("docs/fine-tuning.md", () => {
  it("its program type-checks, and fine-tuning by EI is nearer to the truth", { timeout: 120_000 }, async () => {
    const codes = (await programs("fine-tuning.md")).map((code) =>
      code.replace(/const steps = \d+/, "const steps = 8"),
    );
    const [file = ""] = await compile("fine-tuning", codes);
    const [, before, after] = /as it came ([\d.]+) dB\nfine-tuned ([\d.]+) dB/.exec(await print(file)) ?? [];
    expect(Number(after)).toBeGreaterThan(Number(before));
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

describe("the documents to begin with", () => {
  const decibels = "\\d+\\.\\d\\d dB";
  const printed: Readonly<Record<string, readonly RegExp[]>> = {
    "first-training.md": [new RegExp(`^noisy (?:19|20)\\.\\d\\d dB\ncleaned ${decibels}$`, "m")],
    "concepts.md": [/^\[ 1, 1, 256, 256 \] .* \[ 1, 1, 256, 60 \]$/m, /^9 0\.04\d\d$/m],
    "recipes/microscopy.md": [new RegExp(`^counted ${decibels}\ncleaned ${decibels}$`, "m")],
    "recipes/mri.md": [new RegExp(`^zero-filled ${decibels}, reconstructed ${decibels}$`, "m")],
    "recipes/ct.md": [new RegExp(`^back-projection ${decibels}, reconstructed ${decibels}$`, "m")],
    "recipes/photography.md": [
      new RegExp(`^level found: 0\\.\\d+; noisy ${decibels}, cleaned ${decibels}$`, "m"),
      new RegExp(`^blurred ${decibels}\nsharpened ${decibels}$`, "m"),
    ],
    "recipes/astronomy.md": [new RegExp(`^noise 0\\.\\d+, exposure ${decibels}\ncleaned ${decibels}$`, "m")],
  };

  const brief = (code: string): string => code.replace(/epochs: \d+/g, "epochs: 2");

  it.each(Object.keys(printed))("%s: its programs type-check, run and print what they measure", async (document) => {
    const files = await compile(document.replace("/", "-"), (await programs(document)).map(brief));
    expect(files).toHaveLength(printed[document]?.length ?? 0);
    for (const [i, file] of files.entries()) expect(await print(file)).toMatch(printed[document]?.[i] ?? /^$/);
  });

  it("are all recipes", async () => {
    const recipes = await readdir(join(root, "docs", "recipes"));
    expect(Object.keys(printed)).toEqual(expect.arrayContaining(recipes.map((name) => `recipes/${name}`)));
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
