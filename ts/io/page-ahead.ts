import { counter } from "./counter.js";
import type { PagePlace, PageValues } from "./page-reader.js";
import { FREE, kibOf, OWN } from "./serve-pages.js";

/** The threads that were asked for a page. */
export interface Readers {
  /** Called where no answer is needed any more. */
  close(page: PageAhead): void;
  /** Called with the KiB of values that are not needed any more. */
  free(kib: number): void;
  /** Keeps the process running while an answer is awaited. */
  whileAwaited<T>(answer: Promise<T>): Promise<T>;
}

/** A page that a thread reads before it is needed. */
export interface AwaitedPage {
  /** The values that a thread has read or is reading; `undefined` where the caller is to read them itself. */
  take(): Promise<PageValues | undefined>;
  /** Gives up the page, or its values. */
  release(): void;
}

/** A page that the first thread reads that has time, be it the one that needs it. */
export class PageAhead implements AwaitedPage {
  readonly place: PagePlace;
  /** Who reads it, shared with the threads. */
  readonly reader = counter();
  #readers: Readers | undefined;
  #resolve: (values: PageValues | undefined) => void = () => undefined;
  readonly #answer = new Promise<PageValues | undefined>((resolve) => (this.#resolve = resolve));
  #held = 0;
  #released = false;

  constructor(place: PagePlace) {
    this.place = place;
  }

  /** Whether nobody has begun to read it, and it is still wanted. */
  get isFree(): boolean {
    return Atomics.load(this.reader, 0) === FREE;
  }

  /** Says which threads were asked. */
  asked(readers: Readers): void {
    this.#readers = readers;
  }

  async take(): Promise<PageValues | undefined> {
    if (this.#readers === undefined || this.#isOwn()) return undefined;
    return await this.#readers.whileAwaited(this.#answer);
  }

  /** Gives the answer of a thread, `undefined` where it failed. */
  answer(values: PageValues | undefined): void {
    this.#held = values ? kibOf(values) : 0;
    this.#resolve(values);
    if (this.#released) this.#free();
  }

  release(): void {
    this.#released = true;
    this.#isOwn();
    this.#free();
  }

  /** Takes the page from the threads, where none has begun; whether it is not theirs. */
  #isOwn(): boolean {
    const who = Atomics.compareExchange(this.reader, 0, FREE, OWN);
    if (who === FREE) this.#readers?.close(this);
    return who === FREE || who === OWN;
  }

  #free(): void {
    if (this.#held > 0) this.#readers?.free(this.#held);
    this.#held = 0;
  }
}
