import { appendFile, fileError, readText, writeFileAtomic } from "../../io/index.js";
import { ArgumentError, checkOptions, currentPlatform, FormatError } from "../../runtime/index.js";
import { checkStep, checkValues, settingsText } from "./arguments.js";
import type { Logger } from "./logger.js";

/** Options of {@link JsonLogger}. */
export interface JsonLoggerOptions {
  /** The file, such as `run/log.jsonl`. Missing folders are created. */
  readonly path: string;
}

/**
 * Writes a training's values as JSON lines: `{ "step": 10, "time": 1767225600.5, "train/loss": 0.12 }`, one for each
 * call, with the time in seconds since 1970. A value that is not finite is null. The line at the start of a run holds
 * `settings`. Images are not written.
 *
 * A run that continues at a step drops the lines after it, so that no step is there twice. A run that starts at step 0
 * begins a new file; what another run left at its path is kept as `<path>.1`, `<path>.2`, ... While a Trainer writes
 * the file, another one with the same path is refused (`file_locked`). Node only.
 */
export class JsonLogger implements Logger {
  readonly path: string;
  readonly lockedFiles: readonly string[];

  /** @throws ArgumentError `missing_argument`, `unknown_option`; `invalid_argument` where the path is no text. */
  constructor(options: JsonLoggerOptions) {
    checkOptions("JsonLogger", options, ["path"]);
    if (typeof options?.path !== "string" || options.path === "") {
      throw new ArgumentError(
        "JsonLogger: path must be the name of a file, such as run/log.jsonl.",
        options?.path === undefined ? "missing_argument" : "invalid_argument",
      );
    }
    this.path = options.path;
    this.lockedFiles = [this.path];
  }

  /**
   * @throws FormatError `json_invalid` where the file of the run to be continued is no log; ArgumentError
   * `file_unreadable`, `node_only`.
   */
  async start(step: number, settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
    checkStep("JsonLogger", step);
    const first = line(step, { settings: JSON.parse(settingsText("JsonLogger", settings)) as unknown });
    const found = await this.#content();
    const kept = step > 0 ? linesUntil(step, found, this.path) : "";
    if (step === 0 && found !== "") await writeFileAtomic(await this.#unusedName(), found);
    await writeFileAtomic(this.path, kept + first);
  }

  async scalars(step: number, values: Readonly<Record<string, number>>): Promise<void> {
    const entries = checkValues("JsonLogger", values);
    await appendFile(this.path, line(checkStep("JsonLogger", step), Object.fromEntries(entries)));
  }

  async #content(): Promise<string> {
    try {
      return await readText(this.path);
    } catch (error) {
      if ((error as { code?: string }).code === "file_not_found") return "";
      throw error;
    }
  }

  /** `<path>.n` with the smallest n that the folder does not have yet. */
  async #unusedName(): Promise<string> {
    const [, folder = ".", name = ""] = /^(?:(.*)[\\/])?([^\\/]*)$/.exec(this.path) ?? [];
    const platform = await currentPlatform();
    const entries = await platform.listFolder(folder === "" ? "/" : folder).catch((error: unknown) => {
      throw fileError(folder, error);
    });
    const taken = new Set(entries.map((entry) => entry.name));
    let n = 1;
    while (taken.has(`${name}.${n}`)) n += 1;
    return `${this.path}.${n}`;
  }
}

function line(step: number, values: Readonly<Record<string, unknown>>): string {
  const time = Date.now() / 1000;
  return `${JSON.stringify({ step, time, ...values })}\n`;
}

/** The lines up to a step. A last line that was not finished, because the process ended, is dropped. */
function linesUntil(step: number, text: string, path: string): string {
  const lines = text.split("\n");
  lines.pop();
  return lines
    .filter((content, index) => {
      const at = stepOf(content);
      if (at === undefined) {
        throw new FormatError(
          `JsonLogger: line ${index + 1} of ${path} is no JSON object with a step, so that the file is no log; ` +
            "choose another path.",
          "json_invalid",
        );
      }
      return at <= step;
    })
    .map((content) => `${content}\n`)
    .join("");
}

function stepOf(content: string): number | undefined {
  try {
    const { step } = JSON.parse(content) as { step?: unknown };
    return typeof step === "number" ? step : undefined;
  } catch {
    return undefined;
  }
}
