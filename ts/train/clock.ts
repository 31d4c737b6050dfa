/** Speed and remaining time of a run. */
export class Clock {
  #started = 0;
  #images = 0;
  #steps = 0;

  /** Begins a run. */
  start(): void {
    this.#started = performance.now();
    this.#images = 0;
    this.#steps = 0;
  }

  /** Counts a step. */
  count(images: number): void {
    this.#images += images;
    this.#steps += 1;
  }

  /** @param stepsLeft steps that are still to be done. */
  read(stepsLeft: number): { imagesPerSecond: number; secondsLeft: number } {
    const seconds = (performance.now() - this.#started) / 1000;
    return { imagesPerSecond: this.#images / seconds, secondsLeft: (seconds / this.#steps) * stepsLeft };
  }
}
