// `npm start`: installs and builds what is missing, then runs the demonstration, with the arguments of
// `npm start -- --steps 400`.
import { join } from "node:path";
import { build, isBuilt } from "./build.mjs";
import { main, root, run } from "./common.mjs";
import { setup } from "./setup.mjs";

await main(async () => {
  // What is missing is told before anything is downloaded; Rust is needed only if the add-on has to be built.
  await setup({ rust: !isBuilt("cpu") });
  await build();
  process.exitCode = await run(process.execPath, [
    join(root, "dist", "cli", "main.js"),
    "start",
    ...process.argv.slice(2),
  ]);
});
