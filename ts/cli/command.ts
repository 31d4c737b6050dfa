import { type Command, Option } from "commander";
import { init, type InitOptions } from "../runtime/index.js";
import { deviceName, wholeNumber } from "./arguments.js";
import { exitCode, Interrupted, printError, type StopSignal, stopSignals } from "./errors.js";

/** Options of every command. */
export interface CommonOptions {
  readonly seed: number;
  readonly device: NonNullable<InitOptions["device"]>;
  readonly json: boolean;
}

/** Result of a command: text to print, or data for `--json`. */
export interface CommandResult {
  readonly text: string;
  readonly json: unknown;
  /** Exit code where it is not 0. */
  readonly exitCode?: number;
}

/** Adds `--seed`, `--device` and `--json` to a command. */
export function withCommonOptions(command: Command): Command {
  return command
    .option("--seed <n>", "random seed; the same seed gives the same result", wholeNumber, 0)
    .addOption(
      new Option(
        "--device <name>",
        "device to compute on: cpu, webgpu, cuda, of several cards webgpu:1 or cuda:1; auto: webgpu where there is a " +
          "GPU, else cpu",
      )
        .argParser(deviceName)
        .default("cpu"),
    )
    .option("--json", "print one JSON object instead of text", false);
}

/** Runs a command: initialises the device, prints the result (if any) or the error, sets the exit code. */
export async function runCommand<T extends CommonOptions>(
  options: T,
  work: (options: T, signal: AbortSignal) => Promise<CommandResult | undefined>,
): Promise<void> {
  const controller = new AbortController();
  const stop = (signal: StopSignal): void => {
    // The second signal does not wait for the checkpoint.
    if (controller.signal.aborted) {
      // Node waits for calls of the system, such as those of a network folder that is gone; a third does not.
      for (const each of signals) process.off(each, stop);
      process.exit(stopSignals[signal]);
    }
    controller.abort(new Interrupted("interrupted", signal));
  };
  const signals = Object.keys(stopSignals) as StopSignal[];
  for (const signal of signals) process.on(signal, stop);
  try {
    await init({ device: options.device });
    const result = await work(options, controller.signal);
    if (!result) return;
    const { text, json, exitCode: code = 0 } = result;
    process.stdout.write(options.json ? `${JSON.stringify(json)}\n` : `${text}\n`);
    if (code !== 0) process.exitCode = code;
  } catch (error) {
    process.exitCode = exitCode(error);
    printError(error, options.json);
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}
