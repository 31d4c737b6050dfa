import type { DenoiseProgress } from "../denoise/index.js";
import { formatDuration } from "../text/index.js";

/** Shows one progress over learning and restoring. */
export interface DenoiseDisplay {
  onProgress(progress: DenoiseProgress): void;
  /** Ends the display; the bar stays visible. */
  stop(): void;
}

/** A bar where standard error is a terminal, otherwise a line for every tenth. */
export async function denoiseDisplay(
  label: string,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<DenoiseDisplay> {
  const text = ({ phase, secondsLeft }: DenoiseProgress): string => `${phase}, ${formatDuration(secondsLeft)} left`;
  const percent = ({ done }: DenoiseProgress): number => Math.floor(100 * done + 1e-9);
  if (!stream.isTTY) {
    let [lastTenth, lastPhase] = [-1, ""];
    return {
      onProgress(progress) {
        const tenth = Math.floor(percent(progress) / 10);
        if (tenth <= lastTenth && progress.phase === lastPhase) return;
        [lastTenth, lastPhase] = [Math.max(tenth, lastTenth), progress.phase];
        stream.write(`${label} ${percent(progress)} %  ${text(progress)}\n`);
      },
      stop() {},
    };
  }
  const { default: progress } = await import("cli-progress");
  const format = `${label} [{bar}] {value} %  {text}`;
  const bar = new progress.SingleBar({
    format,
    stream,
    barsize: 24,
    hideCursor: true,
    barCompleteChar: "=",
    barIncompleteChar: " ",
  });
  let started = false;
  return {
    onProgress(state) {
      if (!started) bar.start(100, percent(state), { text: text(state) });
      else bar.update(percent(state), { text: text(state) });
      started = true;
    },
    stop() {
      if (started) bar.stop();
      started = false;
    },
  };
}
