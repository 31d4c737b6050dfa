/** A progress bar on a terminal. */
export interface ProgressBar {
  /** Shows how many of `total` are done, and a text behind them. */
  show(done: number, total: number, text: string): void;
  /** Ends the bar, which stays visible. */
  stop(): void;
}

/**
 * A bar after a label.
 *
 * @param numbers such as `{value}/{total}`, between the bar and the text.
 */
export async function progressBar(label: string, numbers: string, stream: unknown): Promise<ProgressBar> {
  const { default: progress } = await import("cli-progress");
  const line = new progress.SingleBar({
    format: `${label} [{bar}] ${numbers}  {text}`,
    stream: stream as NodeJS.WriteStream,
    barsize: 24,
    hideCursor: true,
    barCompleteChar: "=",
    barIncompleteChar: " ",
  });
  let started = false;
  return {
    show(done, total, text) {
      if (!started) line.start(total, done, { text });
      else line.update(done, { text });
      started = true;
    },
    stop() {
      if (started) line.stop();
      started = false;
    },
  };
}
