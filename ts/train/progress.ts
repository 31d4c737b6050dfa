import type { Progress } from "./options.js";

/** Shows how a training goes. */
export interface ProgressDisplay {
  /** Give this to the Trainer as `onProgress`. */
  update(progress: Progress): void;
  /** Ends the display; the bar stays as it is. */
  stop(): void;
}

/** Options of {@link progressDisplay}. */
export interface ProgressOptions {
  /** Words in front. */
  label?: string;
  /**
   * Where it is shown; default: standard error, so that standard output stays free for results, and in a browser the
   * console.
   */
  stream?: NodeJS.WriteStream;
}

/** A progress bar where the stream is a terminal, otherwise a plain line for every tenth of the way. */
export async function progressDisplay(options: ProgressOptions = {}): Promise<ProgressDisplay> {
  const stream = options.stream ?? (typeof process === "undefined" ? undefined : process.stderr);
  const label = options.label ?? "training";
  if (stream === undefined) return lines(label, { write: (text) => console.info(text.trimEnd()) });
  return stream.isTTY ? await bar(label, stream) : lines(label, stream);
}

async function bar(label: string, stream: NodeJS.WriteStream): Promise<ProgressDisplay> {
  const { default: progress } = await import("cli-progress");
  const line = new progress.SingleBar({
    format: `${label} [{bar}] {value}/{total}  {text}`,
    stream,
    barsize: 24,
    hideCursor: true,
    barCompleteChar: "=",
    barIncompleteChar: " ",
  });
  let started = false;
  return {
    update(state) {
      if (!started) line.start(state.steps, state.step, { text: describe(state) });
      else line.update(state.step, { text: describe(state) });
      started = true;
    },
    stop() {
      if (started) line.stop();
    },
  };
}

function lines(label: string, stream: { write(text: string): unknown }): ProgressDisplay {
  let shown = -1;
  return {
    update(state) {
      const tenth = Math.floor((10 * state.step) / state.steps);
      if (tenth === shown) return;
      shown = tenth;
      stream.write(`${label} ${state.step}/${state.steps}  ${describe(state)}\n`);
    },
    stop() {},
  };
}

/** `loss 0.0021  PSNR 27.1 dB  812 images/s  1m05s left` */
export function describe(progress: Progress): string {
  const parts = [`loss ${Number(progress.loss.toPrecision(3))}`];
  for (const [name, value] of Object.entries(progress.metrics))
    parts.push(`${name} ${value.toFixed(2)}${name === "PSNR" ? " dB" : ""}`);
  parts.push(`${Math.round(progress.imagesPerSecond)} images/s`, `${duration(progress.secondsLeft)} left`);
  return parts.join("  ");
}

/** `1h02m`, `3m05s`, `12s` */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (value: number): string => String(value).padStart(2, "0");
  if (whole >= 3600) return `${Math.floor(whole / 3600)}h${pad(Math.floor((whole % 3600) / 60))}m`;
  return whole >= 60 ? `${Math.floor(whole / 60)}m${pad(whole % 60)}s` : `${whole}s`;
}
