import { DeviceError } from "../errors.js";
import type { StartThread, Thread, ThreadData } from "./thread.js";

/** What the module with threads exports for its pool. */
export interface PoolExports {
  /** Uses `count` workers from now on; a worker that has not started yet is not waited for. */
  startThreads(count: number): void;
  /** Tells the workers to leave. */
  stopThreads(): void;
}

/** Milliseconds in which a worker starts or leaves on any machine. */
const PATIENCE = 30_000;

/** The workers that compute beside the calling thread. */
export class ThreadPool {
  readonly #data: ThreadData;
  readonly #exports: PoolExports;
  readonly #startThread: StartThread;
  #workers: readonly PoolWorker[] = [];

  constructor(data: ThreadData, exports: PoolExports, startThread: StartThread) {
    this.#data = data;
    this.#exports = exports;
    this.#startThread = startThread;
  }

  /** The number of threads that compute, the calling one included. */
  get size(): number {
    return this.#workers.length + 1;
  }

  /**
   * Makes it `count` threads, the calling one included.
   *
   * @throws DeviceError `threads_failed` where a worker does not start; one thread then computes.
   */
  async resize(count: number): Promise<void> {
    if (count === this.size) return;
    await this.#leave();
    if (count === 1) return;
    this.#exports.startThreads(count - 1);
    this.#workers = Array.from({ length: count - 1 }, () => new PoolWorker(this.#data, this.#startThread));
    const failures = await Promise.all(this.#workers.map(async (worker) => await worker.start()));
    const reason = failures.find((failure) => failure !== undefined);
    if (reason === undefined) return;
    await this.#leave();
    throw new DeviceError(
      `init: a thread does not start (${reason}); use init({ threads: 1 }), which needs no worker.`,
      "threads_failed",
    );
  }

  /** Ends the workers at once, in the middle of anything: the module cannot be used again. */
  terminate(): void {
    for (const worker of this.#workers) worker.terminate();
    this.#workers = [];
  }

  /** Lets the workers free their memory and end. One that was terminated might have the allocator locked. */
  async #leave(): Promise<void> {
    this.#exports.stopThreads();
    await Promise.all(this.#workers.map(async (worker) => await worker.leave()));
    this.terminate();
  }
}

/** A worker of the pool. */
class PoolWorker {
  readonly #thread: Thread;
  /** Resolves to why it does not start. */
  readonly #started: Promise<string | undefined>;
  readonly #ended: Promise<void>;

  constructor(data: ThreadData, startThread: StartThread) {
    let started: ((reason: string | undefined) => void) | undefined;
    let ended: (() => void) | undefined;
    this.#started = new Promise((resolve) => (started = resolve));
    this.#ended = new Promise((resolve) => (ended = resolve));
    this.#thread = startThread(data, (message) => {
      started?.(message === "ready" ? undefined : message);
      if (message !== "ready") ended?.();
    });
  }

  /** Waits until it computes; returns why it does not. */
  async start(): Promise<string | undefined> {
    const reason = await within(this.#started, "it does not answer");
    this.#thread.hold?.(false);
    return reason;
  }

  /** Waits until it has ended after it was told to. */
  async leave(): Promise<void> {
    this.#thread.hold?.(true);
    await within(this.#ended, undefined);
  }

  terminate(): void {
    this.#thread.terminate();
  }
}

/** What a promise resolves to, or `otherwise` after {@link PATIENCE}. */
async function within<T, U>(promise: Promise<T>, otherwise: U): Promise<T | U> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<U>((resolve) => (timer = setTimeout(() => resolve(otherwise), PATIENCE)));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
