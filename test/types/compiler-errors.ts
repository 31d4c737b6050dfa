import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const start = promisify(execFile);
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Declares the modules in dist/wasm, of which not all need be built. */
const glue = join(root, "ts/runtime/web/glue.d.ts");

/** What the compiler prints of a program two folders below the root; one entry an error, without its place. */
export async function compilerErrors(program: string): Promise<string[]> {
  await mkdir(join(root, "results"), { recursive: true });
  const folder = await mkdtemp(join(root, "results", "types-"));
  try {
    const file = join(folder, "program.ts");
    await writeFile(file, program);
    const options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "--ignoreConfig"];
    const libraries = ["--lib", "es2022,dom,esnext.disposable", "--types", "node", "--skipLibCheck"];
    const { stdout } = await start(
      process.execPath,
      [join(root, "node_modules/typescript/bin/tsc"), ...options, ...libraries, file, glue],
      { cwd: root },
    ).catch((error: { stdout: string }) => error);
    const text = stdout.trim();
    return text === "" ? [] : text.split(/\n(?=\S)/).map((error) => error.replace(/^.*?: error TS\d+: /, ""));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
