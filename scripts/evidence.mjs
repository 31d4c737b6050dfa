// `npm run evidence -- NAME [options]`: measures what the documentation claims, and writes docs/evidence-NAME.md.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { Failure, main, root, run } from "./common.mjs";
import { setup } from "./setup.mjs";

const folder = join(root, "scripts", "evidence");

await main(async () => {
  const [name, ...options] = process.argv.slice(2);
  const names = readdirSync(folder).flatMap((file) => file.match(/^([a-z-]+)\.mjs$/)?.[1] ?? []);
  if (name === undefined || !existsSync(join(folder, `${name}.mjs`)))
    throw new Failure(`expected npm run evidence -- NAME, one of ${names.join(", ")}.`);
  await setup({ rust: false });
  if (!options.includes("--no-build")) await build();
  process.exitCode = await run(process.execPath, [join(folder, `${name}.mjs`), ...options]);
});
