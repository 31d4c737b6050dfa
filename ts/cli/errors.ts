import { AdjointError, ArgumentError } from "../runtime/index.js";

/** Bad usage: exit code 2. */
export class UsageError extends ArgumentError {}

/** Ctrl-C stopped the work: exit code 130. */
export class Interrupted extends Error {}

/** Codes of an ArgumentError that count as bad usage. */
const usageCodes = new Set(["unknown_option", "invalid_argument", "missing_argument", "incompatible_physics"]);

/** 130 after Ctrl-C, 2 for bad usage, 1 for everything else. */
export function exitCode(error: unknown): number {
  if (error instanceof Interrupted) return 130;
  if (error instanceof UsageError || (error instanceof ArgumentError && usageCodes.has(error.code))) return 2;
  return 1;
}

/**
 * Prints an error's message on standard error; with `--json` also `{ error: { class, code, message } }` on standard
 * output.
 */
export function printError(error: unknown, json: boolean): void {
  const message = error instanceof Error ? error.message : String(error);
  const known = error instanceof AdjointError || error instanceof Interrupted;
  process.stderr.write(`${error instanceof Interrupted ? "" : "error: "}${message}\n`);
  // An unexpected error is a bug: with DEBUG set, show its stack.
  if (!known && error instanceof Error && error.stack && process.env["DEBUG"]) process.stderr.write(`${error.stack}\n`);
  if (!json) return;
  const name = error instanceof Error ? error.constructor.name : "Error";
  const code = error instanceof AdjointError ? error.code : error instanceof Interrupted ? "interrupted" : "internal";
  process.stdout.write(`${JSON.stringify({ error: { class: name, code, message } })}\n`);
}
