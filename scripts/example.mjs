// `npm run example -- NAME [options]`: installs and builds what is missing, then runs examples/NAME. Without a name it
// lists them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { Failure, main, root, run } from "./common.mjs";
import { setup } from "./setup.mjs";

const folder = join(root, "examples");
const program = (name) => join(folder, name, "main.mjs");
const names = readdirSync(folder).filter((name) => existsSync(program(name)));

/** The first sentence of the comment at the beginning of an example. */
function firstSentence(name) {
  const comment = readFileSync(program(name), "utf8").split("\n//\n")[0].replaceAll("\n// ", " ").replace("// ", "");
  return `${comment.split(/(?<=\.) /)[0]}`;
}

await main(async () => {
  const [name, ...options] = process.argv.slice(2);
  if (name === undefined || name.startsWith("-")) {
    const width = Math.max(...names.map(({ length }) => length));
    const list = names.map((each) => `  ${each.padEnd(width)}  ${firstSentence(each)}\n`);
    const usage = "npm run example -- NAME [--steps N] [--seed N] [--out DIR] [--json]";
    process.stdout.write(`${usage}\n\n${list.join("")}`);
    return;
  }
  if (!names.includes(name)) throw new Failure(`There is no example ${name}; there are ${names.join(", ")}.`);
  // Rust is needed only if the add-on has to be built.
  await setup({ rust: false });
  await build();
  process.exitCode = await run(process.execPath, [program(name), ...options]);
});
