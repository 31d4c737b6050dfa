import { formatDuration, progressBar } from "../text/index.js";

/** Progress of a training, given to `onProgress` every `readEvery` steps and at the end. */
export interface Progress {
  readonly step: number;
  /** Steps of the whole training. */
  readonly steps: number;
  /** Epochs finished. */
  readonly epoch: number;
  /** Mean of the weighted sum since the last report. */
  readonly loss: number;
  /** Mean of each loss since the last report, unweighted. */
  readonly losses: Readonly<Record<string, number>>;
  /** The first metric on the last batch if it has ground truth; otherwise empty. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly learningRate: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
}

/** Shows the progress of a training. */
export interface ProgressDisplay {
  /** The Trainer's `onProgress`. */
  update(progress: Progress): void;
  /** Ends the display; the bar stays visible. */
  stop(): void;
}

/** Options of {@link progressDisplay}. */
export interface ProgressOptions {
  /** Text before the numbers. Default: `training`. */
  label?: string;
  /** Output stream. Default: standard error, which keeps standard output free for results; in a browser the console. */
  stream?: ProgressStream;
}

/** Where progress is shown: a stream of Node, such as `process.stderr`. */
export interface ProgressStream {
  /** Whether it is a terminal. */
  readonly isTTY?: boolean;
  write(text: string): unknown;
  /** Registers what to do where it can no longer be written to. */
  on?(event: "error", listener: () => void): unknown;
}

/** A progress bar if the stream is a terminal, otherwise a plain line for every tenth of the steps. */
export async function progressDisplay(options: ProgressOptions = {}): Promise<ProgressDisplay> {
  const stream = options.stream ?? (typeof process === "undefined" ? undefined : process.stderr);
  const label = options.label ?? "training";
  if (stream === undefined) return lines(label, { write: (text) => console.info(text.trimEnd()) });
  goOnWithout(stream);
  return stream.isTTY ? await bar(label, stream) : lines(label, stream);
}

const watched = new WeakSet<object>();

/** A training does not end with the reader of its progress: a pipe or terminal that was closed, a full disk. */
function goOnWithout(stream: ProgressStream): void {
  // A stream of a caller's own may have no events.
  if (watched.has(stream) || typeof stream.on !== "function") return;
  watched.add(stream);
  stream.on("error", () => undefined);
}

async function bar(label: string, stream: ProgressStream): Promise<ProgressDisplay> {
  const line = await progressBar(label, "{value}/{total}", stream);
  return { update: (state) => line.show(state.step, state.steps, describeProgress(state)), stop: () => line.stop() };
}

function lines(label: string, stream: { write(text: string): unknown }): ProgressDisplay {
  let lastTenth = -1;
  return {
    update(state) {
      const tenth = Math.floor((10 * state.step) / state.steps);
      if (tenth === lastTenth) return;
      lastTenth = tenth;
      stream.write(`${label} ${state.step}/${state.steps}  ${describeProgress(state)}\n`);
    },
    stop() {},
  };
}

/** `loss 0.0021  PSNR 27.1 dB  812 images/s  1m05s left` */
export function describeProgress(progress: Progress): string {
  const parts = [`loss ${Number(progress.loss.toPrecision(3))}`];
  for (const [name, value] of Object.entries(progress.metrics))
    parts.push(`${name} ${value.toFixed(2)}${name === "PSNR" ? " dB" : ""}`);
  parts.push(`${Math.round(progress.imagesPerSecond)} images/s`, `${formatDuration(progress.secondsLeft)} left`);
  return parts.join("  ");
}
