import { Command } from "commander";
import { readFileSync } from "node:fs";
import { addApply } from "./apply.js";
import { addConvert } from "./convert.js";
import { addDenoise } from "./denoise.js";
import { addDevices } from "./devices.js";
import { UsageError } from "./errors.js";
import { addExport } from "./export.js";
import { addInspect } from "./inspect.js";
import { addLosses } from "./losses.js";
import { addNew } from "./new.js";
import { addRestore } from "./restore.js";
import { addStart } from "./start.js";
import { addTest } from "./test.js";
import { addTrain } from "./train.js";

/** The version of this package. */
export function packageVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** The `adjoint` command with all its sub-commands. Bad usage throws a CommanderError; the process does not exit. */
export function createProgram(): Command {
  const version = packageVersion();
  const program = new Command("adjoint");
  program
    .description(
      "Train networks that reconstruct images from noisy or incomplete measurements, with or without ground truth.",
    )
    .version(version)
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      "after",
      "\nExit codes: 0 done, 1 failed, 2 bad usage, 3 a result contradicted by the data (denoise), " +
        "130 interrupted (143 by SIGTERM, 129 by SIGHUP; a checkpoint is written).",
    );
  addDenoise(program);
  addRestore(program);
  addTrain(program);
  addTest(program);
  addApply(program);
  addConvert(program);
  addExport(program);
  addInspect(program);
  addLosses(program);
  addDevices(program);
  addStart(program);
  addNew(program);
  for (const command of program.commands) command.exitOverride().showSuggestionAfterError();
  program.hook("preAction", (_, action) => refuseEmpty(action));
  return program;
}

/** A prefix may be empty: then names stay as they are. */
const MAY_BE_EMPTY = ["prefix"];

/**
 * Refuses arguments and options without any letter, as of a shell's variable that is not set: a path would be the
 * working folder.
 *
 * @throws UsageError `invalid_argument`.
 */
function refuseEmpty(command: Command): void {
  const values = command.opts<Readonly<Record<string, unknown>>>();
  const option = command.options.find((each) => values[each.attributeName()] === "");
  const { registeredArguments: all } = command;
  const index = command.args.indexOf("");
  const argument = index < 0 ? undefined : all[Math.min(index, all.length - 1)];
  const isMeant = option !== undefined && MAY_BE_EMPTY.includes(option.attributeName());
  const empty = argument ? `<${argument.name()}>` : isMeant ? undefined : option?.flags;
  if (empty === undefined) return;
  throw new UsageError(
    `adjoint ${command.name()}: ${empty} is empty, expected some text; a variable of the shell may be unset.`,
    "invalid_argument",
  );
}
