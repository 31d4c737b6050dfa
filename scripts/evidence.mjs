// `npm run evidence [-- NAME] [options]`: measures what the documentation claims; papers, the default, writes
// docs/evidence.md, another NAME docs/evidence-NAME.md.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { Failure, main, root, run } from "./common.mjs";
import { setup } from "./setup.mjs";

const folder = join(root, "scripts", "evidence");

await main(async () => {
  const words = process.argv.slice(2);
  const [name, ...options] = words[0] === undefined || words[0].startsWith("-") ? ["papers", ...words] : words;
  const names = readdirSync(folder).flatMap((file) => file.match(/^([a-z-]+)\.mjs$/)?.[1] ?? []);
  if (!existsSync(join(folder, `${name}.mjs`)))
    throw new Failure(`there is no evidence ${name}; there is ${names.join(", ")}.`);
  await setup({ rust: false });
  if (!options.includes("--no-build")) await build();
  process.exitCode = await run(process.execPath, [join(folder, `${name}.mjs`), ...options]);
});
