import { type Command, Option } from "commander";
import { existsSync } from "node:fs";
import { cp, mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { ArgumentError } from "../runtime/index.js";

const packageRoot = fileURLToPath(new URL("../../", import.meta.url));
const photographs = ["camera", "coffee", "moon"];

interface NewOptions {
  readonly template: "node" | "vite";
  readonly package?: string;
}

/** `adjoint new`, which makes a project. */
export function addNew(program: Command): void {
  program
    .command("new")
    .description("make a project in TypeScript with a training that runs")
    .argument("<name>", "folder to make; its last part is the name of the project")
    .addOption(
      new Option("--template <name>", "node: a program; vite: a page that trains in a worker")
        .choices(["node", "vite"])
        .default("node"),
    )
    .option(
      "--package <source>",
      "what npm installs adjoint from: a version, a folder or a tarball (default: this one)",
    )
    .action(async (name: string, options: NewOptions) => {
      process.stdout.write(await makeProject(name, options));
    });
}

/**
 * Writes the project and gives what to do next.
 *
 * @throws ArgumentError `invalid_argument` where npm would refuse the name; `file_unwritable` where the folder has
 * files, or cannot be written.
 */
async function makeProject(path: string, options: NewOptions): Promise<string> {
  const folder = resolve(path);
  const name = basename(folder);
  if (!/^[a-z0-9][a-z0-9._-]{0,213}$/.test(name) || ["node_modules", "favicon.ico"].includes(name)) {
    throw new ArgumentError(
      `new: ${name} is no name of a package; take another of small letters, digits, dots, dashes and underscores.`,
      "invalid_argument",
    );
  }
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new ArgumentError(`new: ${path} is no folder (${error.code}); take another name.`, "file_unwritable");
  });
  if (found.length > 0) {
    throw new ArgumentError(
      `new: ${path} has files already, ${found[0]} among them; take another name.`,
      "file_unwritable",
    );
  }
  try {
    await copyTemplate(folder, options);
    await writePackage(folder, name, options.package ?? (await ownSource()));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new ArgumentError(`new: ${path} cannot be written (${code}); take another place.`, "file_unwritable", {
      cause: error,
    });
  }
  const next = options.template === "vite" ? "npm run dev" : "npm start";
  return `${path} is made. Next:\n\n  cd ${path}\n  npm install\n  ${next}\n`;
}

async function copyTemplate(folder: string, options: NewOptions): Promise<void> {
  const examples = join(packageRoot, "examples");
  const images = join(folder, options.template === "vite" ? "public" : "images");
  await mkdir(images, { recursive: true });
  await cp(join(examples, "templates", options.template), folder, { recursive: true });
  // npm leaves files of this name out of packages.
  await rename(join(folder, "gitignore"), join(folder, ".gitignore"));
  for (const photograph of options.template === "vite" ? photographs.slice(0, 1) : photographs)
    await cp(join(examples, "images", `${photograph}.png`), join(images, `${photograph}.png`));
}

/** Writes the name of the project and the source of the library into its package.json. */
async function writePackage(folder: string, name: string, source: string): Promise<void> {
  const file = join(folder, "package.json");
  const made = JSON.parse(await readFile(file, "utf8")) as { dependencies: Record<string, string> };
  const dependencies = { ...made.dependencies, adjoint: source };
  await writeFile(file, `${JSON.stringify({ ...made, name, dependencies }, undefined, 2)}\n`);
}

/** What npm installs this package from: its version where it is installed, its folder in a clone. */
async function ownSource(): Promise<string> {
  if (!packageRoot.split(sep).includes("node_modules") || existsSync(join(packageRoot, "crates"))) {
    return `file:${packageRoot}`;
  }
  const { version } = JSON.parse(await readFile(join(packageRoot, "package.json"), "utf8")) as { version: string };
  return `^${version}`;
}
