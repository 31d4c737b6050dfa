import { counter } from "./counter.js";
import { checkNumber, currentPlatform, type Platform, type ReaderThread, warnOnce } from "../runtime/index.js";
import { type AwaitedPage, PageAhead, type Readers } from "./page-ahead.js";
import { checkPlace, type PagePlace } from "./page-reader.js";
import { FIRST_THREAD, type PageAnswer } from "./serve-pages.js";

/** Milliseconds without a request after which the threads end. */
const IDLE = 5_000;

/** The threads of this process that read pages. */
class ReaderPool implements Readers {
  readonly #platform: Platform;
  /** KiB of pages that the threads have read and that are not freed. */
  readonly #held = counter();
  readonly #threads: ReaderThread[] = [];
  /** Requests that are not answered. */
  readonly #open = new Map<number, PageAhead>();
  readonly #ids = new Map<PageAhead, number>();
  #count = 0;
  #awaited = 0;
  #failure: string | undefined;
  #idle: ReturnType<typeof setTimeout> | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  /** Asks up to `workers` threads: the first that has time reads the page. Default: one, if there is a core for it. */
  ask(page: PageAhead, workers: number | undefined): void {
    const most = workers ?? (this.#platform.processors() > 1 ? 1 : 0);
    while (this.#threads.length < most && this.#failure === undefined) this.#start();
    if (this.#failure !== undefined && workers !== undefined) warnOnce(`no thread reads ahead: ${this.#failure}.`);
    if (most === 0 || this.#failure !== undefined || !page.isFree) return;
    clearTimeout(this.#idle);
    const id = this.#count++;
    this.#open.set(id, page);
    this.#ids.set(page, id);
    page.asked(this);
    const request = { ...page.place, id, reader: page.reader, held: this.#held };
    try {
      for (const thread of this.#threads.slice(0, most)) thread.post(request);
    } catch {
      // Options that cannot be sent: the thread that needs the page reads it, and says what is wrong with them.
      this.close(page);
      page.answer(undefined);
    }
  }

  async whileAwaited<T>(answer: Promise<T>): Promise<T> {
    if (this.#awaited++ === 0) for (const thread of this.#threads) thread.hold(true);
    try {
      return await answer;
    } finally {
      if (--this.#awaited === 0) for (const thread of this.#threads) thread.hold(false);
    }
  }

  free(kib: number): void {
    Atomics.sub(this.#held, 0, kib);
    Atomics.notify(this.#held, 0);
  }

  close(page: PageAhead): void {
    const id = this.#ids.get(page);
    if (id === undefined) return;
    this.#ids.delete(page);
    this.#open.delete(id);
    if (this.#open.size > 0) return;
    this.#idle = setTimeout(() => {
      for (const thread of this.#threads.splice(0)) thread.end();
    }, IDLE);
    // Of Node: a timer that does not keep the process running.
    (this.#idle as { unref?: () => void }).unref?.();
  }

  #start(): void {
    const thread = this.#threads.length;
    try {
      if (!this.#platform.startReader) throw new Error("a page has no threads for files");
      const started = this.#platform.startReader(thread, {
        onMessage: (message) => this.#answer(message as PageAnswer),
        onEnd: (reason) => this.#lose(thread, reason),
      });
      started.hold(this.#awaited > 0);
      this.#threads.push(started);
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
    }
  }

  #answer({ id, values }: PageAnswer): void {
    const page = this.#open.get(id);
    if (!page) return;
    this.close(page);
    page.answer(values);
  }

  /** What it was reading, the thread that needs it reads. No other starts in its place: it would meet the same. */
  #lose(thread: number, reason: string): void {
    this.#failure ??= reason.replace(/\.$/, "");
    for (const page of this.#open.values()) {
      if (Atomics.load(page.reader, 0) !== FIRST_THREAD + thread) continue;
      this.close(page);
      page.answer(undefined);
    }
  }
}

let pool: ReaderPool | undefined;

/**
 * Lets a thread read a page before it is needed.
 *
 * @param workers the number of threads; more than none that cannot start are one line of warning. Default: one where
 * the machine has several processors and threads start.
 * @throws ArgumentError `invalid_argument`.
 */
export function readAhead(place: PagePlace, workers?: number): AwaitedPage {
  checkPlace("io.readAhead", place);
  if (workers !== undefined) checkNumber("io.readAhead", "workers", workers, { integer: true, min: 0 });
  const page = new PageAhead(place);
  // At once where there is a pool: the calling thread may compute next, and would come to nothing else.
  if (pool) pool.ask(page, workers);
  else {
    void currentPlatform().then((platform) => {
      pool ??= new ReaderPool(platform);
      pool.ask(page, workers);
    });
  }
  return page;
}
