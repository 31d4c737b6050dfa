// `npm start`: installs and builds what is missing, then runs the demonstration. Arguments go to it: npm start --
// --steps 400
import { build } from "./build.mjs";
import { main, root, run } from "./common.mjs";
import { setup } from "./setup.mjs";
import { join } from "node:path";

await main(async () => {
  // Rust is only asked for where the add-on has to be built.
  await setup({ rust: false });
  await build();
  process.exitCode = await run(process.execPath, [
    join(root, "dist", "cli", "main.js"),
    "start",
    ...process.argv.slice(2),
  ]);
});
