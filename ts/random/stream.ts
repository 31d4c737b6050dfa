import type { Binding } from "../runtime/index.js";

/** The most streams that the core holds for a binding. */
const MOST = 64;

/** The streams that the core holds, the oldest first. */
const held = new WeakMap<Binding, Set<Stream>>();

const registry = new FinalizationRegistry<Stream>((stream) => stream.dispose());

/**
 * A stream of the core, made when it is first used.
 *
 * Each sample of a dataset has streams of its own, and finalisers run late: the core would hold thousands of them. It
 * holds the newest only; the state of an older one is kept here, and the stream continues from it when used again.
 */
export class Stream {
  readonly binding: Binding;
  /** 0 while the core does not hold it. */
  #handle = 0;
  #make: (() => number) | undefined;

  /** A stream that lives as long as `owner`: of a handle, or of the handle that `start` makes once it is needed. */
  constructor(owner: object, binding: Binding, start: number | (() => number)) {
    this.binding = binding;
    if (typeof start === "number") this.#hold(start);
    else this.#make = start;
    registry.register(owner, this);
  }

  /** The handle, valid until another stream is used; 0 once it was disposed. */
  get handle(): number {
    if (this.#handle === 0 && this.#make !== undefined) this.#hold(this.#make());
    return this.#handle;
  }

  /** Frees the stream in the core. */
  dispose(): void {
    held.get(this.binding)?.delete(this);
    if (this.#handle !== 0) this.binding.rngDispose(this.#handle);
    this.#handle = 0;
  }

  #hold(handle: number): void {
    this.#handle = handle;
    let streams = held.get(this.binding);
    if (streams === undefined) held.set(this.binding, (streams = new Set()));
    const [oldest] = streams;
    if (oldest !== undefined && streams.size >= MOST) oldest.#release();
    streams.add(this);
  }

  #release(): void {
    const state = this.binding.rngState(this.#handle);
    this.#make = () => this.binding.rngFrom(state);
    this.dispose();
  }
}
