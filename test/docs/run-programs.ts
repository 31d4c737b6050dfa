import { execFile, spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "vitest";
import { programOptions } from "../program-options.js";

const start = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

/** The programs of a document in a language. */
export async function programs(document: string, language: "ts" | "python" = "ts"): Promise<string[]> {
  const text = await readFile(join(root, "docs", document), "utf8");
  return [...text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(
    ([, code]) => code as string,
  );
}

/** Type-checks programs in a folder, and gives the files that the compiler made of them. */
export async function compileIn(
  folder: string,
  name: string,
  codes: readonly string[],
  lib = "es2022,dom,esnext.disposable",
): Promise<string[]> {
  const files = codes.map((_, i) => join(folder, `${name}-${i}.ts`));
  await Promise.all(codes.map((code, i) => writeFile(files[i] as string, code)));
  const options = [...programOptions(lib), "--ignoreConfig"];
  const { stdout } = await start(
    process.execPath,
    [join(root, "node_modules/typescript/bin/tsc"), ...options, ...files],
    { cwd: folder },
  ).catch((error: { stdout: string }) => error);
  expect(stdout).toBe("");
  return files.map((file) => file.replace(/ts$/, "js"));
}

/** What a program prints; it runs in the root, as a user's would in a clone. */
export async function print(file: string, program = process.execPath): Promise<string> {
  return (await start(program, [file], { cwd: root, maxBuffer: 1 << 26 })).stdout;
}

/** A Python that has packages, if there is one. */
export function pythonWith(...packages: readonly string[]): string | undefined {
  return [process.env["ADJOINT_PYTHON"], "python3"].find(
    (program) => program !== undefined && spawnSync(program, ["-c", `import ${packages.join(", ")}`]).status === 0,
  );
}
