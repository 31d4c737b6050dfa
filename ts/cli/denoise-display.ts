import type { DenoiseProgress } from "../denoise/index.js";
import { formatDuration, progressBar } from "../text/index.js";

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
  const bar = await progressBar(label, "{value} %", stream);
  return { onProgress: (progress) => bar.show(percent(progress), 100, text(progress)), stop: () => bar.stop() };
}
