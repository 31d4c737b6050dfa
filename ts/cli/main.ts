#!/usr/bin/env node
import { CommanderError } from "commander";
import { exitCode, printError, printJsonError } from "./errors.js";
import { createProgram } from "./program.js";

// A reader that ends early, as in `adjoint train config.json | head -1`, does not end the work.
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
const asJson = process.argv.includes("--json");
try {
  await createProgram().parseAsync(process.argv);
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
