import { AdjointError, ArgumentError } from "../runtime/index.js";

/** Bad usage: exit code 2. */
export class UsageError extends ArgumentError {
  override readonly name: string = "UsageError";
}

/** Signals that ask to stop, with their exit codes: Ctrl-C, a request to end, a terminal that was closed. */
export const stopSignals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** A signal that asks to stop. */
export type StopSignal = keyof typeof stopSignals;

/** A signal stopped the work, after a checkpoint where there is one. */
export class Interrupted extends Error {
  readonly signal: StopSignal;

  constructor(message: string, signal: StopSignal = "SIGINT") {
    super(message);
    this.signal = signal;
  }
}

/** Codes of an ArgumentError that count as bad usage. */
const usageCodes = new Set(["unknown_option", "invalid_argument", "missing_argument", "incompatible_physics"]);

/** 130 after Ctrl-C (129, 143 after other signals), 2 for bad usage, 1 for everything else. */
export function exitCode(error: unknown): number {
  if (error instanceof Interrupted) return stopSignals[error.signal];
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
  // The class of a public error, also of those derived from it for the library's own use.
  const name = error instanceof AdjointError ? error.name : error instanceof Error ? error.constructor.name : "Error";
  const code = error instanceof AdjointError ? error.code : error instanceof Interrupted ? "interrupted" : "internal";
  printJsonError(name, code, message);
}

/** The error as JSON on standard output. */
export function printJsonError(name: string, code: string, message: string): void {
  process.stdout.write(`${JSON.stringify({ error: { class: name, code, message } })}\n`);
}
