// `npm run lint`: rustfmt, clippy, Biome's formatter, oxlint, the house rules, and whether generated files are current.
// `--quick` skips clippy.
import { join } from "node:path";
import { Failure, isMain, main, output, root, run, say } from "./common.mjs";
import { houseRules } from "./house-rules.mjs";
import { setup } from "./setup.mjs";

/** Runs all checks and throws a Failure that names those that failed. */
export async function lint({ quick = false } = {}) {
  const failed = [];
  const check = async (name, command, args) => {
    say(name);
    if ((await run(command, args)) !== 0) failed.push(name);
  };
  const cargo = async (name, args) => {
    if (output("cargo", [args[0], "--version"]) === undefined) say(`${name}: not installed, skipped`);
    else await check(name, "cargo", args);
  };
  await cargo("rustfmt", ["fmt", "--all", "--check"]);
  // The one program in Rust outside of the workspace.
  if (output("rustfmt", ["--version"]) !== undefined)
    await check("rustfmt (bench)", "rustfmt", ["--check", "--edition", "2024", "bench/peak/peak.rs"]);
  if (!quick) await cargo("clippy", ["clippy", "--all-targets", "--", "-D", "warnings"]);
  await check("Biome (formatting)", process.execPath, [
    join(root, "node_modules", "@biomejs", "biome", "bin", "biome"),
    "format",
    ".",
  ]);
  await check("oxlint", process.execPath, [
    join(root, "node_modules", "oxlint", "bin", "oxlint"),
    "--deny-warnings",
    "ts",
    "test",
    "scripts",
    "bench",
    "examples",
  ]);
  await check("generated code is current", process.execPath, [join(root, "scripts", "generate.mjs"), "--check"]);
  say("house rules");
  const broken = houseRules();
  for (const line of broken) process.stderr.write(`${line}\n`);
  if (broken.length > 0) failed.push("house rules");
  if (failed.length > 0) throw new Failure(`Lint failed: ${failed.join(", ")}.`);
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const quick = process.argv.includes("--quick");
    await setup({ rust: !quick });
    await lint({ quick });
  });
}
