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

await main(async () => {
  const [name, ...options] = process.argv.slice(2);
  if (name === undefined || name.startsWith("-")) {
    const first = (each) =>
      readFileSync(program(each), "utf8")
        .split("\n")[0]
        .replace(/^\/\/ /, "");
    const longest = Math.max(...names.map(({ length }) => length));
    process.stdout.write(
      `npm run example -- NAME [--steps N] [--seed N] [--out DIR] [--json]\n\n${names.map((each) => `  ${each.padEnd(longest)}  ${first(each)}`).join("\n")}\n`,
    );
    return;
  }
  if (!names.includes(name)) throw new Failure(`there is no example ${name}; there are ${names.join(", ")}`);
  // Rust is only asked for where the add-on has to be built.
  await setup({ rust: false });
  await build();
  process.exitCode = await run(process.execPath, [program(name), ...options]);
});
