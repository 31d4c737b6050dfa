import { type Command, Option } from "commander";
import { type DeviceName, devices, init } from "../runtime/index.js";
import { wholeNumber } from "./arguments.js";
import { exitCode, Interrupted, printError } from "./errors.js";
import { softwareWarning } from "./software.js";

/** Options of every command. */
export interface CommonOptions {
  readonly seed: number;
  readonly device: DeviceName;
  readonly json: boolean;
}

/** Result of a command: text to print, or data for `--json`. */
export interface CommandResult {
  readonly text: string;
  readonly json: unknown;
}

/** Adds `--seed`, `--device` and `--json` to a command. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("--seed <n>", "random seed; the same seed gives the same result", wholeNumber, 0)
    .addOption(new Option("--device <name>", "device to compute on").choices(["cpu", "webgpu", "cuda"]).default("cpu"))
    .option("--json", "print one JSON object instead of text", false);
}

/** Runs a command: initialises the device, prints the result or the error, sets the exit code. */
export async function runCommand<T extends CommonOptions>(
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
    // Asking for the devices starts them all.
    if (options.device === "webgpu") {
      for (const warning of devices().flatMap((found) => softwareWarning(found) ?? []))
        process.stderr.write(`warning: ${warning}\n`);
    }
    const { text, json } = await work(options, controller.signal);
    process.stdout.write(options.json ? `${JSON.stringify(json)}\n` : `${text}\n`);
  } catch (error) {
    process.exitCode = exitCode(error);
    printError(error, options.json);
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}
