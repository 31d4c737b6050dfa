import { type Group, type PartwiseSum, type Pieces, TreeSum } from "../distributed/index.js";
import { type BackwardPass, noGrad, type Tensor, tidy } from "../tensor/index.js";
import { yieldToEventLoop } from "./event-loop.js";
import type { MicroBatch } from "./micro-batch.js";
import { COUNTS, flattened, type SumLayout, type SumPart } from "./sum-layout.js";

/** What a sum is of. */
export interface SumOptions {
  readonly descent: number;
  /** The micro-batches of this rank. */
  readonly count: number;
  readonly buffers: readonly Tensor[];
  /** Whether parts cross the network while the next ones are computed; the group must be able to. */
  readonly overlapping: boolean;
}

/** What a rank tells the others with the last part of a sum. */
export interface Flags {
  readonly stopping: boolean;
  readonly failed: boolean;
}

/**
 * The sum over all micro-batches of a step. The last one of each rank is differentiated part by part: a part of the sum
 * crosses the network while the next one is computed.
 */
export class DescentSum {
  readonly #layout: SumLayout;
  readonly #options: SumOptions;
  readonly #parts: readonly SumPart[];
  readonly #group: Group;
  /** What is on its way, where the parts are. */
  readonly #network: PartwiseSum | undefined;
  readonly #tree = new TreeSum();
  /** The values of the last micro-batch. */
  readonly #last: Float32Array;
  #pieces: Pieces | undefined;
  #added = 0;
  #sent = 0;
  #order: readonly number[] | undefined;

  constructor(group: Group, layout: SumLayout, options: SumOptions) {
    this.#layout = layout;
    this.#options = options;
    this.#parts = options.overlapping ? layout.parts : [layout.whole];
    this.#group = group;
    this.#network = options.overlapping ? group.partwiseSum?.() : undefined;
    this.#last = new Float32Array(layout.length);
  }

  /** The order of the gradients of the last micro-batch; `undefined` where it lacks or nothing overlaps. */
  get order(): readonly number[] | undefined {
    return this.#order;
  }

  /** Adds the next micro-batch; zeros where the epoch has none left. */
  async add(batch: MicroBatch | undefined): Promise<void> {
    const isLast = ++this.#added === this.#options.count;
    const values = isLast ? this.#last : new Float32Array(this.#layout.length);
    if (batch) {
      const pass = batch.begin(this.#options.descent);
      try {
        if (isLast && this.#options.overlapping) this.#order = pass.order;
        for (const part of isLast ? this.#parts : [this.#layout.whole]) {
          await this.#write(values, part, pass, batch.images);
          // The final part waits for the end.
          if (!isLast || this.#sent === this.#parts.length - 1) continue;
          this.#send();
          // What came of earlier parts is added, and goes on.
          await yieldToEventLoop();
        }
      } finally {
        pass.dispose();
      }
    }
    if (!isLast) this.#tree.add(values);
  }

  /** The sum over all ranks. Every rank comes here, also one that has failed, whose values are of no use. */
  async end({ stopping, failed }: Flags): Promise<Float32Array> {
    this.#last.set([stopping ? 1 : 0, failed ? 1 : 0], this.#last.length - 2);
    while (this.#sent < this.#parts.length) this.#send();
    const sum = this.#pieces?.sum ?? this.#last;
    await (this.#network ? this.#network.end() : this.#group.allReduce(sum));
    return sum;
  }

  /** Goes on to the gradients of a part; the final one has buffers and counts too. */
  async #write(values: Float32Array, part: SumPart, pass: BackwardPass, images: number): Promise<void> {
    const isFinal = part.end === values.length;
    const flat = noGrad(() =>
      tidy(() => {
        const weighted = pass.next(part.positions).map((gradient) => gradient.mul(images));
        return flattened(isFinal ? [...weighted, ...this.#options.buffers] : weighted);
      }),
    );
    try {
      // Overlapping is for the CPU, whose values are there: to ask another thread for them takes longer than to copy.
      values.set(this.#options.overlapping ? flat.dataSync() : await flat.data(), part.begin);
    } finally {
      flat.dispose();
    }
    if (isFinal) values.set([images, 1], values.length - COUNTS);
  }

  #send(): void {
    this.#pieces ??= this.#tree.piecewise(this.#last);
    const { begin, end } = this.#parts[this.#sent++] as SumPart;
    const sum = this.#pieces.add(begin, end);
    this.#network?.add(sum);
  }
}
