import { yieldToEventLoop } from "../train/index.js";

/** What is being done: the network learns, or pictures are restored. */
export type Phase = "learning" | "restoring";

/** Progress over both phases. */
export interface DenoiseProgress {
  readonly phase: Phase;
  /** Share of the work of both phases that is done, 0 to 1. */
  readonly done: number;
  /** Seconds until both phases are done. */
  readonly secondsLeft: number;
}

/**
 * The time of two phases whose work is known in one unit, evaluations of the network on a pixel. Each phase's own speed
 * is measured; until then that of the other one is assumed.
 */
export class Phases {
  readonly #learning: number;
  readonly #restoring: number;
  #learned = 0;
  #restored = 0;
  #learnSeconds = 0;
  #restoreSeconds = 0;

  /** The work of each phase. */
  constructor(learning: number, restoring: number) {
    this.#learning = learning;
    this.#restoring = Math.max(1, restoring);
  }

  /** Progress after so much work of learning in so many seconds. */
  learned(work: number, seconds: number): DenoiseProgress {
    this.#learned = Math.min(this.#learning, work);
    this.#learnSeconds = seconds;
    return this.#progress("learning");
  }

  /** Progress after further work of restoring. */
  restored(work: number, seconds: number): DenoiseProgress {
    this.#restored = Math.min(this.#restoring, this.#restored + work);
    this.#restoreSeconds += seconds;
    return this.#progress("restoring");
  }

  #progress(phase: Phase): DenoiseProgress {
    const [learnRate, restoreRate] = [this.#learnSeconds / this.#learned, this.#restoreSeconds / this.#restored];
    const known = (rate: number, other: number): number => (Number.isFinite(rate) ? rate : other);
    const [perLearned, perRestored] = [known(learnRate, restoreRate), known(restoreRate, learnRate)];
    const left = (this.#learning - this.#learned) * perLearned + (this.#restoring - this.#restored) * perRestored;
    const total = this.#learnSeconds + this.#restoreSeconds + left;
    return { phase, done: total > 0 ? 1 - left / total : 0, secondsLeft: left };
  }
}

/**
 * What is done after each tile of a restoration: signals and other work have their turn, since the network keeps the
 * thread busy, and the progress is told.
 *
 * @param evaluations evaluations of the network on each pixel.
 */
export function afterTile(
  phases: Phases,
  evaluations: number,
  {
    signal,
    onProgress,
  }: { readonly signal?: AbortSignal; readonly onProgress?: (progress: DenoiseProgress) => unknown },
): (pixels: number) => Promise<void> {
  let last = performance.now();
  return async (pixels) => {
    await yieldToEventLoop();
    signal?.throwIfAborted();
    const now = performance.now();
    await onProgress?.(phases.restored(pixels * evaluations, (now - last) / 1000));
    last = now;
  };
}
