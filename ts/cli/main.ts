#!/usr/bin/env node
import { CommanderError } from "commander";
import { exitCode, printError, printJsonError } from "./errors.js";
import { greeting } from "./greeting.js";
import { createProgram, packageVersion } from "./program.js";

// A reader that ends early, as in `adjoint train config.json | head -1`, a terminal that was closed or a full disk does
// not end the work.
process.stderr.on("error", () => undefined);
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") return;
  process.exitCode ||= 1;
  process.stderr.write(`error: standard output cannot be written (${error.code ?? error.message}).\n`);
});
const asJson = process.argv.includes("--json");
try {
  if (process.argv.length === 2) process.stdout.write(greeting(packageVersion()));
  else await createProgram().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed its message; 0 is --help or --version.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    if (error.exitCode !== 0 && asJson) printJsonError("UsageError", "invalid_usage", error.message);
  } else {
    process.exitCode = exitCode(error);
    printError(error, asJson);
  }
}
