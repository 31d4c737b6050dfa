#!/usr/bin/env node
import { CommanderError } from "commander";
import { exitCode, printError } from "./errors.js";
import { createProgram } from "./program.js";

try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed its message; 0 is --help or --version.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.exitCode = exitCode(error);
    printError(error, process.argv.includes("--json"));
  }
}
