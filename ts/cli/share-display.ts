import { formatDuration, progressBar } from "../text/index.js";

/** A share of some work, 0 to 1, what is being done, and the seconds that are left. */
export interface Share {
  readonly phase: string;
  readonly done: number;
  readonly secondsLeft: number;
}

/** Shows one progress over all that a command does. */
export interface ShareDisplay {
  readonly onProgress: (share: Share) => void;
  /** Ends the display; the bar stays visible. */
  stop(): void;
}

/** Of a rank that shows nothing. */
export const NO_DISPLAY: ShareDisplay = { onProgress: () => {}, stop: () => {} };

/** A bar where standard error is a terminal, otherwise a line for every tenth. */
export async function shareDisplay(label: string, stream: NodeJS.WriteStream = process.stderr): Promise<ShareDisplay> {
  const text = ({ phase, secondsLeft }: Share): string => `${phase}, ${formatDuration(secondsLeft)} left`;
  const percent = ({ done }: Share): number => Math.floor(100 * done + 1e-9);
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
