import { appendFile, encodePng } from "../../io/index.js";
import { ArgumentError, checkOptions, currentPlatform, ShapeError, shown } from "../../runtime/index.js";
import { noGrad, Tensor, tidy } from "../../tensor/index.js";
import { checkStep, checkValues, settingsText } from "./arguments.js";
import type { Logger } from "./logger.js";
import { eventRecord, type EventContent, type SummaryValue } from "./tensorboard-events.js";

/** Options of {@link TensorBoardLogger}. */
export interface TensorBoardLoggerOptions {
  /** The folder of the run; `tensorboard --logdir` takes it or the folder of several runs. Created where missing. */
  readonly folder: string;
  /** Values shown as black and white; `"auto"` takes the smallest and largest of each image. Default: [0, 1]. */
  readonly range?: readonly [number, number] | "auto";
}

/**
 * Writes a training's values and images as TensorBoard event files, and its settings as text. Each call is on disk when
 * it returns.
 *
 * A run that continues at a step begins a new file in the same folder, as is TensorBoard's convention, with a mark that
 * makes TensorBoard leave out what older files have after that step. So do not give two runs one folder: at the same
 * time the second one is refused (`file_locked`). Images of two channels are shown as complex magnitudes, those of more
 * than three channel by channel. Node only.
 */
export class TensorBoardLogger implements Logger {
  readonly folder: string;
  readonly lockedFiles: readonly string[];
  readonly #range: readonly [number, number] | "auto";
  #file: Promise<string> | undefined;

  /** @throws ArgumentError `missing_argument`, `unknown_option`; `invalid_argument` where an option means nothing. */
  constructor(options: TensorBoardLoggerOptions) {
    checkOptions("TensorBoardLogger", options, ["folder", "range"]);
    if (typeof options?.folder !== "string" || options.folder === "") {
      throw new ArgumentError(
        "TensorBoardLogger: folder must be the name of a folder.",
        options?.folder === undefined ? "missing_argument" : "invalid_argument",
      );
    }
    this.folder = options.folder;
    // TensorBoard takes every file for one of events whose name has "tfevents" in it.
    this.lockedFiles = [`${this.folder}/tensorboard`];
    this.#range = checkRange(options.range ?? [0, 1]);
  }

  /** @throws ArgumentError `node_only` in a browser. */
  async start(step: number, settings: Readonly<Record<string, unknown>> = {}): Promise<void> {
    checkStep("TensorBoardLogger", step);
    // Four spaces make a block of code in Markdown, which the text plugin shows.
    const text = settingsText("TensorBoardLogger", settings, 2).replaceAll(/^/gm, "    ");
    this.#file = this.#begin(step);
    await this.#file;
    if (text.trim() === "{}") return;
    await this.#write(step, { values: [{ tag: "settings", text }] });
  }

  async scalars(step: number, values: Readonly<Record<string, number>>): Promise<void> {
    await this.#write(step, {
      values: checkValues("TensorBoardLogger", values).map(([tag, scalar]) => ({ tag, scalar })),
    });
  }

  /** @throws ShapeError `shape_mismatch` where an image is not `[C, H, W]`. */
  async images(step: number, images: Readonly<Record<string, Tensor>>): Promise<void> {
    for (const [tag, image] of Object.entries(images ?? {})) {
      if (!(image instanceof Tensor)) {
        throw new ArgumentError(`TensorBoardLogger: image ${tag} must be a Tensor [C, H, W].`, "invalid_argument");
      }
      await this.#write(step, { values: await this.#encode(tag, image) });
    }
  }

  close(): void {
    this.#file = undefined;
  }

  /** A new file that TensorBoard reads after the others of the folder, as it sorts them by name. */
  async #begin(step: number): Promise<string> {
    const platform = await currentPlatform();
    const others = await platform.listFolder(this.folder).catch(() => []);
    const seconds = others.map(({ name }) => Number(/^events\.out\.tfevents\.(\d+)/.exec(name)?.[1] ?? 0));
    const time = Date.now() / 1000;
    const stamp = Math.max(Math.floor(time), ...seconds.map((second) => second + 1));
    const path = `${this.folder}/events.out.tfevents.${String(stamp).padStart(10, "0")}.adjoint`;
    await appendFile(path, eventRecord(time, 0, { fileVersion: "brain.Event:2" }));
    await appendFile(path, eventRecord(time, step + 1, { start: true }));
    return path;
  }

  async #write(step: number, content: EventContent): Promise<void> {
    checkStep("TensorBoardLogger", step);
    this.#file ??= this.#begin(step - 1);
    await appendFile(await this.#file, eventRecord(Date.now() / 1000, step, content));
  }

  async #encode(tag: string, image: Tensor): Promise<SummaryValue[]> {
    const [channels = 0, height = 0, width = 0] = image.shape;
    if (image.shape.length !== 3) {
      throw new ShapeError(
        `TensorBoardLogger: image ${tag} has shape [${image.shape.join(", ")}], expected [C, H, W].`,
        "shape_mismatch",
      );
    }
    const whole = channels === 1 || channels === 3;
    const parts =
      whole || channels === 2 ? [image] : Array.from({ length: channels }, (_, c) => image.slice([c], [c + 1]));
    const values: SummaryValue[] = [];
    for (const [c, part] of parts.entries()) {
      const shown = noGrad(() => tidy(() => this.#shown(channels === 2 ? part.square().sum(0, true).sqrt() : part)));
      try {
        const size = [whole ? channels : 1, height, width] as const;
        values.push({ tag: parts.length > 1 ? `${tag}/${c}` : tag, png: await encodePng(shown), size });
      } finally {
        shown.dispose();
        if (part !== image) part.dispose();
      }
    }
    return values;
  }

  /** Values from 0 to 1 in the range that is shown. */
  #shown(image: Tensor): Tensor {
    if (this.#range !== "auto") {
      const [low, high] = this.#range;
      return image.sub(low).div(high - low);
    }
    const low = image.min();
    const range = image.max().sub(low);
    return image.sub(low).div(range.add(range.eq(0)));
  }
}

function checkRange(range: unknown): readonly [number, number] | "auto" {
  if (range === "auto") return range;
  if (Array.isArray(range) && range.length === 2 && range.every(Number.isFinite) && range[0] < range[1]) {
    return [range[0] as number, range[1] as number];
  }
  throw new ArgumentError(
    `TensorBoardLogger: range is ${shown(range)}, expected two numbers, the smaller one first, or "auto".`,
    "invalid_argument",
  );
}
