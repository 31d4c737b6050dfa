import { type Command, InvalidArgumentError, Option } from "commander";
import { AdjointError, ArgumentError, type DeviceName, init } from "../runtime/index.js";

/** What every command takes. */
export interface CommonOptions {
  readonly seed: number;
  readonly device: DeviceName;
  readonly json: boolean;
}

/** What a command gives: the text for people and the data for `--json`. */
export interface CommandResult {
  readonly text: string;
  readonly json: unknown;
}

/** Bad usage: exit code 2. */
export class UsageError extends ArgumentError {}

/** Thrown where Ctrl-C stopped the work: exit code 130. */
export class Interrupted extends Error {}

/** Codes of errors that say that the user asked for something that cannot be. */
const usageCodes = new Set(["unknown_option", "invalid_argument", "missing_argument", "incompatible_physics"]);

/** Adds `--seed`, `--device` and `--json` to a command. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("--seed <n>", "random seed; the same seed gives the same result", wholeNumber, 0)
    .addOption(new Option("--device <name>", "where to compute").choices(["cpu", "webgpu", "cuda"]).default("cpu"))
    .option("--json", "print one JSON object instead of text", false);
}

/** Runs a command's work: makes the device ready, prints the result or the error, sets the exit code. */
export async function run<T extends CommonOptions>(
  options: T,
  work: (options: T, signal: AbortSignal) => Promise<CommandResult>,
): Promise<void> {
  const controller = new AbortController();
  const onInterrupt = (): void => {
    // The second Ctrl-C does not wait for the checkpoint.
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new Interrupted("interrupted"));
  };
  process.on("SIGINT", onInterrupt);
  try {
    await init({ device: options.device });
    const { text, json } = await work(options, controller.signal);
    process.stdout.write(options.json ? `${JSON.stringify(json)}\n` : `${text}\n`);
  } catch (error) {
    process.exitCode = exitCode(error);
    printError(error, options.json);
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}

/** 130 after Ctrl-C, 2 for bad usage, 1 for everything else. */
export function exitCode(error: unknown): number {
  if (error instanceof Interrupted) return 130;
  if (error instanceof UsageError || (error instanceof ArgumentError && usageCodes.has(error.code))) return 2;
  return 1;
}

/**
 * The error's message on standard error; with `--json` also `{ error: { class, code, message } }` on standard output.
 */
export function printError(error: unknown, json: boolean): void {
  const message = error instanceof Error ? error.message : String(error);
  const known = error instanceof AdjointError || error instanceof Interrupted;
  process.stderr.write(`${error instanceof Interrupted ? "" : "error: "}${message}\n`);
  // An error that is not ours is a bug: show where it came from.
  if (!known && error instanceof Error && error.stack && process.env["DEBUG"]) process.stderr.write(`${error.stack}\n`);
  if (!json) return;
  const code = error instanceof AdjointError ? error.code : error instanceof Interrupted ? "interrupted" : "internal";
  process.stdout.write(
    `${JSON.stringify({ error: { class: error instanceof Error ? error.constructor.name : "Error", code, message } })}\n`,
  );
}

/** Parses a whole number of at least 0 for commander. */
export function wholeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isSafeInteger(value) || value < 0)
    throw new InvalidArgumentError("Expected a whole number, 0 or more.");
  return value;
}

/** Parses a whole number of at least 1 for commander. */
export function positiveWholeNumber(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError("Expected a whole number, 1 or more.");
  return value;
}

/** Columns aligned: the first to the left, the others to the right. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("   ")
        .trimEnd(),
    )
    .join("\n");
}
